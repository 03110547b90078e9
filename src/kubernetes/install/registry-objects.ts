/**
 * The objects of a variant, with types for the fields that are filled. All other fields stay as they are, so no schema
 * here says anything of them.
 */
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../../core/validator.ts'

const Named = Type.Object({ name: Type.String() })
export const Metadata = Type.Object({
  name: Type.String(),
  labels: Type.Optional(Type.Record(Type.String(), Type.String())),
  namespace: Type.Optional(Type.String()),
  annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
})
const Probe = Type.Object({ httpGet: Type.Object({ scheme: Type.Optional(Type.String()) }) })
const Container = Type.Object({
  name: Type.String(),
  image: Type.String(),
  args: Type.Optional(Type.Array(Type.String())),
  env: Type.Optional(Type.Array(Type.Object({ name: Type.String(), value: Type.Optional(Type.String()) }))),
  envFrom: Type.Optional(Type.Array(Type.Object({ secretRef: Named }))),
  livenessProbe: Type.Optional(Probe),
  readinessProbe: Type.Optional(Probe),
  securityContext: Type.Optional(Type.Object({ procMount: Type.Optional(Type.String()) })),
  volumeMounts: Type.Array(
    Type.Object({
      mountPath: Type.String(),
      name: Type.String(),
      readOnly: Type.Optional(Type.Boolean()),
    }),
  ),
})
const Volume = Type.Object({
  name: Type.String(),
  emptyDir: Type.Optional(Type.Object({ sizeLimit: Type.Optional(Type.String()) })),
  secret: Type.Optional(Type.Object({ secretName: Type.String(), defaultMode: Type.Integer() })),
  configMap: Type.Optional(Named),
})
const PodSpec = Type.Object({
  hostUsers: Type.Optional(Type.Boolean()),
  securityContext: Type.Optional(Type.Object({ seccompProfile: Type.Object({ type: Type.String() }) })),
  containers: Type.Array(Container),
  initContainers: Type.Optional(Type.Array(Container)),
  volumes: Type.Array(Volume),
  imagePullSecrets: Type.Optional(Type.Array(Named)),
})
export const Workload = Type.Object({
  kind: Type.Enum(['Deployment', 'DaemonSet', 'StatefulSet']),
  metadata: Metadata,
  spec: Type.Object({
    replicas: Type.Optional(Type.Integer()),
    template: Type.Object({ spec: PodSpec }),
  }),
})
const Service = Type.Object({
  kind: Type.Literal('Service'),
  metadata: Metadata,
  spec: Type.Object({
    type: Type.Optional(Type.String()),
    ports: Type.Array(Type.Object({ nodePort: Type.Optional(Type.Integer()) })),
  }),
})
const NetworkPolicy = Type.Object({
  kind: Type.Literal('NetworkPolicy'),
  metadata: Metadata,
  spec: Type.Object({
    ingress: Type.Array(
      Type.Object({
        from: Type.Optional(Type.Array(Type.Object({ ipBlock: Type.Object({ cidr: Type.String() }) }))),
      }),
    ),
  }),
})
const Autoscaler = Type.Object({
  kind: Type.Literal('HorizontalPodAutoscaler'),
  metadata: Metadata,
  spec: Type.Object({ minReplicas: Type.Integer(), maxReplicas: Type.Integer() }),
})
const Other = Type.Object({
  kind: Type.Enum([
    'ConfigMap',
    'Namespace',
    'PersistentVolumeClaim',
    'PodDisruptionBudget',
    'ServiceAccount',
  ]),
  metadata: Metadata,
})
const RegistryObject = Type.Union([Workload, Service, NetworkPolicy, Autoscaler, Other])
const validator = validatorOf(Type.Array(RegistryObject))

export type RegistryObject = Static<typeof RegistryObject>
export type Workload = Static<typeof Workload>
export type PodSpec = Static<typeof PodSpec>
export type Container = Static<typeof Container>
export type Volume = Static<typeof Volume>

/** @throws Error for an object of a kind, or with a field, that no variant has. */
export function readRegistryObjects(objects: readonly unknown[]): readonly RegistryObject[] {
  const all = [...objects]
  if (validator.Check(all)) return all
  const [error] = validator.Errors(all)
  throw new Error(`not the objects of the registry: ${error?.instancePath ?? ''} ${error?.message ?? ''}`)
}
