/** Words the refusal of an object by the server, with the place in the source that it is about. */
import type { Path } from '../../kubernetes/check/problem.ts'
import type { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import type { DeliveryProblem, SetObject } from '../set/object-set.ts'

/** structured-merge-diff: a path and a message, such as `.spec.template.spec.containers[name="web"].imagee: …`. */
const TYPED_ERROR = /(?:^|\s)\.((?:[\w-]+|\[[^\]]*\])(?:\.[\w-]+|\[[^\]]*\])*): ([^\n]*)/g
/** apimachinery, strict decoding: `unknown field "spec.replicaz"`. */
const UNKNOWN_FIELD = /unknown field "([^"]+)"/g

/** Whether the server answered about this one object. Other failures are about the server, the way to it or the user. */
export function isRefusal({ kind }: KubernetesError): boolean {
  switch (kind) {
    case 'unreachable':
    case 'timeout':
    case 'unauthorized':
    case 'configuration':
    case 'too-many-requests':
    case 'malformed':
    case 'expired':
      return false
    case 'forbidden':
    case 'not-found':
    case 'no-such-kind':
    case 'conflict':
    case 'already-exists':
    case 'immutable':
    case 'invalid':
    case 'denied':
    case 'server':
      return true
  }
}

/** A message about a field of the object. */
type FieldMessage = { readonly field: string; readonly text: string }

export function problemOf(given: SetObject, error: KubernetesError): DeliveryProblem {
  const { name, object, placeOf } = given
  const fields = fieldMessages(error)
  const places = fields.map(({ field }) => placeOf(pathIn(object, field)))
  const place = places[0] ?? placeOf([])
  const absent = absentNamespace(name.namespace, error)
  // Only the whole message names the webhook or the policy.
  if (absent !== undefined || fields.length === 0 || error.kind === 'denied')
    return { object: name, place, message: absent ?? error.message }
  const texts = fields.map(({ field, text }, i) => {
    const elsewhere = places[i] === place ? '' : ` (${places[i]})`
    return `${field}${elsewhere}${field === '' ? '' : ': '}${text}`
  })
  return { object: name, place, message: texts.join('; ') }
}

function fieldMessages({ causes, message }: KubernetesError): readonly FieldMessage[] {
  if (causes.length > 0)
    return causes.map(({ field, message: text }) => ({ field, text: withPlainValues(text) }))
  const typed = Array.from(message.matchAll(TYPED_ERROR), ([, field = '', text = '']) => ({
    field,
    text: withPlainValues(text),
  }))
  if (typed.length > 0) return typed
  return Array.from(message.matchAll(UNKNOWN_FIELD), ([, field = '']) => ({ field, text: 'unknown field' }))
}

/** Without the type that a value has inside of the server. */
function withPlainValues(text: string): string {
  return text.replaceAll(/&value\.valueUnstructured\{Value:(.*?)\}/g, '$1')
}

function absentNamespace(
  namespace: string | undefined,
  { kind, message }: KubernetesError,
): string | undefined {
  return kind === 'not-found' && namespace !== undefined && message.startsWith(`namespaces "${namespace}"`)
    ? `namespace ${namespace} is not there: add it to the set, or create it`
    : undefined
}

/**
 * Reads a path of the server, as far as the object has it.
 * @param text such as `spec.template.spec.containers[0].image`, or with `[name="web"]` for an item.
 */
export function pathIn(object: unknown, text: string): Path {
  const path: (string | number)[] = []
  let value = object
  for (const [, key, index] of text.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)) {
    const step = key ?? stepOf(value, index ?? '')
    if (typeof value !== 'object' || value === null) break
    path.push(step)
    value = (value as Readonly<Record<string | number, unknown>>)[step]
  }
  return path
}

/** The step of `[0]`, of `[name="web"]` and of `[key]`. */
function stepOf(value: unknown, text: string): string | number {
  if (/^\d+$/.test(text)) return Number(text)
  const keys = Array.from(
    text.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\d+)/g),
    ([, key = '', json = 'null']) => [key, JSON.parse(json) as unknown] as const,
  )
  if (keys.length === 0 || !Array.isArray(value)) return text
  return value.findIndex(
    (item) =>
      typeof item === 'object' &&
      item !== null &&
      keys.every(([key, wanted]) => (item as Readonly<Record<string, unknown>>)[key] === wanted),
  )
}
