/** Live objects of tests, with what every object of a server has. */
import type { Json } from '../../src/core/json.ts'
import type { LiveObject } from '../../src/kubernetes/client/cluster.ts'

type Parts = { readonly [key: string]: Json }

let number = 0

/** @param kind as `apps/v1/Deployment` or `v1/Pod`. */
export function liveObject(kind: string, name: string, parts: Parts = {}, metadata: Parts = {}): LiveObject {
  number += 1
  const slash = kind.lastIndexOf('/')
  return {
    apiVersion: kind.slice(0, slash),
    kind: kind.slice(slash + 1),
    ...parts,
    metadata: {
      name,
      namespace: 'shop',
      uid: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      resourceVersion: String(100 + number),
      generation: 1,
      creationTimestamp: '2026-11-26T10:00:00Z',
      ...metadata,
    },
  }
}

export function condition(type: string, status: string, reason = '', message = ''): Json {
  return { type, status, reason, message, lastTransitionTime: '2026-11-26T10:00:05Z' }
}

export function ownedBy(owner: LiveObject): Json {
  const { apiVersion, kind, metadata } = owner
  return [
    { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true },
  ]
}
