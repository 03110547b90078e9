/** The objects of the operator, with types for the fields that are filled. */
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { Metadata, Workload } from './registry-objects.ts'

const Binding = Type.Object({
  kind: Type.Enum(['ClusterRoleBinding', 'RoleBinding']),
  metadata: Metadata,
  subjects: Type.Array(Type.Object({ name: Type.String(), namespace: Type.String() })),
})
const Other = Type.Object({
  kind: Type.Enum([
    'ClusterRole',
    'CustomResourceDefinition',
    'Namespace',
    'PodDisruptionBudget',
    'Role',
    'ServiceAccount',
  ]),
  metadata: Metadata,
})
const OperatorObject = Type.Union([Workload, Binding, Other])
const validator = validatorOf(Type.Array(OperatorObject))

export type OperatorObject = Static<typeof OperatorObject>

/** @throws Error for an object of a kind, or with a field, that the operator doesn't have. */
export function readOperatorObjects(objects: readonly unknown[]): readonly OperatorObject[] {
  const all = [...objects]
  if (validator.Check(all)) return all
  const [error] = validator.Errors(all)
  throw new Error(`not the objects of the operator: ${error?.instancePath ?? ''} ${error?.message ?? ''}`)
}
