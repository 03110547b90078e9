/** What is read of Kubernetes' OpenAPI description (version 2): its own form, and no more of it than is used. */
import { Type, type Static } from 'typebox'

const Element = Type.Cyclic(
  {
    Element: Type.Object({
      $ref: Type.Optional(Type.String()),
      type: Type.Optional(Type.String()),
      format: Type.Optional(Type.String()),
      items: Type.Optional(Type.Ref('Element')),
      additionalProperties: Type.Optional(Type.Ref('Element')),
      'x-kubernetes-list-type': Type.Optional(Type.String()),
      'x-kubernetes-list-map-keys': Type.Optional(Type.Array(Type.String())),
      'x-kubernetes-patch-merge-key': Type.Optional(Type.String()),
    }),
  },
  'Element',
)
/** The type of a property, or of the items of one. */
export type Element = Static<typeof Element>

const GroupVersionKind = Type.Object({ group: Type.String(), version: Type.String(), kind: Type.String() })
export type GroupVersionKind = Static<typeof GroupVersionKind>

const Definition = Type.Object({
  type: Type.Optional(Type.String()),
  properties: Type.Optional(Type.Record(Type.String(), Element)),
  required: Type.Optional(Type.Array(Type.String())),
  'x-kubernetes-group-version-kind': Type.Optional(Type.Array(GroupVersionKind)),
})
export type Definition = Static<typeof Definition>

const Operation = Type.Object({ 'x-kubernetes-group-version-kind': Type.Optional(GroupVersionKind) })

export const Swagger = Type.Object({
  definitions: Type.Record(Type.String(), Definition),
  /** An entry of a path is an operation by its method, or the parameters of all. */
  paths: Type.Record(Type.String(), Type.Object({ patch: Type.Optional(Operation) })),
})
export type Swagger = Static<typeof Swagger>
