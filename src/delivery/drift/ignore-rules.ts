/**
 * Decides which fields of an object are left to others: by rules, by the object's annotation `pushless.internal/ignore`,
 * and by default where an autoscaler or an injector of certificates writes them. Ignored fields are not compared, and
 * not applied either, since server-side apply with force would take them.
 *
 * An object that isn't there yet is applied whole, since a field such as an image may be needed to make it. Before the
 * next apply pushless gives up the ignored fields that it owns (take-over.ts).
 */
import { fieldAt, textAt } from '../../core/json-fields.ts'
import { isObject } from '../../core/json.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { DesiredObject, LiveObject } from '../../kubernetes/client/cluster.ts'
import { groupOf } from '../api-group.ts'
import { parseIgnorePattern, splitPatterns, strip, type IgnorePattern } from './ignore-pattern.ts'
import { isScaled, type ScaledObjects } from './scaled-objects.ts'

export type IgnoreRule = {
  /** All of it must fit. Default: every object. */
  readonly target?: {
    readonly group?: string
    readonly kind?: string
    readonly name?: string
    readonly namespace?: string
    readonly labels?: { readonly [name: string]: string }
  }
  /** JSON pointers with `*`; `[name=web]` is an item of a list. */
  readonly paths: readonly string[]
}

export type IgnoreOptions = {
  readonly rules?: readonly IgnoreRule[]
  /** The objects that autoscalers scale (see scaled-objects.ts). */
  readonly scaled?: ScaledObjects
  /** The namespace of objects that name none. */
  readonly namespace: string
}

const IGNORE_ANNOTATION = 'pushless.internal/ignore'

/** Annotations that ask another program to write a CA's certificates into the object. */
const INJECTED_BY = [
  'cert-manager.io/inject-ca-from',
  'cert-manager.io/inject-ca-from-secret',
  'cert-manager.io/inject-apiserver-ca',
  'service.beta.openshift.io/inject-cabundle',
]
const INJECTED: Readonly<Record<string, string>> = {
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': '/webhooks/*/clientConfig/caBundle',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': '/webhooks/*/clientConfig/caBundle',
  'apiextensions.k8s.io/CustomResourceDefinition': '/spec/conversion/webhook/clientConfig/caBundle',
  'apiregistration.k8s.io/APIService': '/spec/caBundle',
}

/** @throws RegistryError `manifest-invalid` for a path of a rule or an annotation that is no pointer. */
export function ignoredFields(
  object: DesiredObject,
  { rules = [], scaled = new Set(), namespace }: IgnoreOptions,
): readonly IgnorePattern[] {
  const annotation = textAt(object.metadata, 'annotations', IGNORE_ANNOTATION)
  const given = rules.filter((rule) => fits(rule, object, namespace)).flatMap(({ paths }) => paths)
  return [
    ...given.map(parseIgnorePattern),
    ...(annotation === undefined ? [] : annotated(object, annotation)),
    ...(isScaled(object, scaled, namespace) ? [parseIgnorePattern('/spec/replicas')] : []),
    ...injected(object).map(parseIgnorePattern),
  ]
}

/**
 * Returns the object as it is applied: whole where there is no live object, else without what is ignored. Its kind and
 * its name always stay.
 */
export function withoutIgnored(
  desired: DesiredObject,
  ignored: readonly IgnorePattern[],
  live: LiveObject | undefined,
): DesiredObject {
  if (live === undefined || ignored.length === 0) return desired
  const stripped = strip(desired, ignored)
  const metadata = fieldAt(stripped, 'metadata')
  const { apiVersion, kind } = desired
  const { name, namespace } = desired.metadata
  return {
    ...(isObject(stripped) ? stripped : {}),
    apiVersion,
    kind,
    metadata: {
      ...(isObject(metadata) ? metadata : {}),
      name,
      ...(namespace === undefined ? {} : { namespace }),
    },
  }
}

function annotated(object: DesiredObject, annotation: string): readonly IgnorePattern[] {
  try {
    return splitPatterns(annotation).map(parseIgnorePattern)
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    const place = `${object.kind}/${object.metadata.name}: annotation ${IGNORE_ANNOTATION}`
    throw new RegistryError(error.kind, `${place}: ${error.message}`, { cause: error })
  }
}

function injected(object: DesiredObject): readonly string[] {
  const annotations = fieldAt(object.metadata, 'annotations')
  const path = INJECTED[`${groupOf(object.apiVersion)}/${object.kind}`]
  return path !== undefined && INJECTED_BY.some((name) => fieldAt(annotations, name) !== undefined)
    ? [path]
    : []
}

function fits({ target = {} }: IgnoreRule, object: DesiredObject, namespace: string): boolean {
  const facts = {
    group: groupOf(object.apiVersion),
    kind: object.kind,
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? namespace,
  }
  const { labels = {}, ...fields } = target
  return (
    Object.entries(fields).every(([name, value]) => facts[name as keyof typeof facts] === value) &&
    Object.entries(labels).every(([name, value]) => textAt(object.metadata, 'labels', name) === value)
  )
}
