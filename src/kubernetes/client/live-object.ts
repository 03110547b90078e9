/** Reads objects of a server's answers, which may come from a proxy or a broken server. */
import { textAt } from '../../core/json-fields.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { LiveObject } from './cluster.ts'
import { KubernetesError } from './kubernetes-error.ts'

/**
 * Returns the value as an object. One that a dry run would create has no resourceVersion yet, which becomes empty.
 * @throws KubernetesError `malformed`.
 */
export function liveObject(value: Json | undefined): LiveObject {
  const metadata = isObject(value) ? value['metadata'] : undefined
  if (
    !isObject(value) ||
    !isObject(metadata) ||
    typeof value['kind'] !== 'string' ||
    typeof value['apiVersion'] !== 'string' ||
    typeof metadata['uid'] !== 'string' ||
    typeof metadata['name'] !== 'string'
  )
    throw malformedAnswer('an object')
  if (textAt(metadata, 'resourceVersion') !== undefined) return value as LiveObject
  return { ...value, metadata: { ...metadata, resourceVersion: '' } } as unknown as LiveObject
}

export function malformedAnswer(expected: string): KubernetesError {
  return new KubernetesError('malformed', `the server's answer is not ${expected}`)
}
