/** Checks the objects of a set, several at once. */
import pLimit from 'p-limit'
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import { groupKindOf } from '../set/object-name.ts'
import type { SetObject } from '../set/object-set.ts'
import { checkObject, type Check, type CheckedObject } from './check-object.ts'
import { findLive } from './find-live.ts'

/** Objects that are checked at once; the client limits the requests. */
const AT_ONCE = 16

/** The first object that can't be checked ends the checks of all others. */
export async function checkAll(
  cluster: Cluster,
  objects: readonly SetObject[],
  check: Check,
): Promise<readonly CheckedObject[]> {
  const stop = new AbortController()
  const signal = check.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, check.signal])
  const limit = pLimit(AT_ONCE)
  try {
    const find = await findLive(
      cluster,
      objects.map(({ name }) => name),
      signal,
    )
    return await Promise.all(
      objects.map(async (object) =>
        limit(async () => ({
          object,
          change: await checkObject(cluster, object, { ...check, signal }, find),
        })),
      ),
    )
  } catch (error) {
    stop.abort()
    throw error
  }
}

/** Objects in a namespace that is being deleted are gone when it is, and are made again after it. */
export function afterNamespaces(checks: readonly CheckedObject[]): readonly CheckedObject[] {
  const going = new Set(
    checks.flatMap(({ object: { name }, change }) =>
      groupKindOf(name) === 'Namespace' && change.kind === 'later' ? [name.name] : [],
    ),
  )
  return checks.map(({ object, change }) =>
    object.name.namespace !== undefined && going.has(object.name.namespace)
      ? { object, change: { kind: 'later', reason: 'its namespace is being deleted, and is made again' } }
      : { object, change },
  )
}
