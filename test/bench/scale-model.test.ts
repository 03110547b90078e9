import t from 'tap'
import { bucketRequests, needsOf } from '../../bench/scale/fleets.ts'
import { replicaOf, simulate, type Costs, type Fleet } from '../../bench/scale/model.ts'

const COSTS: Costs = { manifestSeconds: 0.0005, sendSecondsPerGigabyte: 0.5, fetchSecondsPerGigabyte: 20 }
const FLEET: Fleet = {
  nodes: 100,
  replicas: 3,
  coresOfReplica: 2,
  linkOfReplica: 1.25e9,
  linkOfNode: 1.25e8,
  layers: [50_000_000, 30_000_000, 20_000_000],
  isWarm: true,
  mirrorCopies: undefined,
}

void t.test('a roll-out', async (t) => {
  const one = simulate(COSTS, FLEET)
  t.same(simulate(COSTS, FLEET), one, 'is the same each time')
  t.equal(one.bytesSent, 100 * 100_000_000, 'each node gets each byte once')
  t.ok(one.p50 <= one.p99 && one.p99 <= one.all)
  const bounds = [
    ['the links of the replicas', (100 * 1e8) / (3 * 1.25e9)],
    ['the link of a node', 1e8 / 1.25e8],
    ['the cores', (100 * (0.0005 + 0.05)) / 6],
  ] as const
  for (const [what, seconds] of bounds)
    t.ok(one.all >= seconds * 0.999, `${what} bound it: ${one.all} >= ${seconds}`)
  t.equal(one.firstLimit, 'links of replicas')
})

void t.test('what changes it', async (t) => {
  const all = (change: Partial<Fleet>, costs: Partial<Costs> = {}) =>
    simulate({ ...COSTS, ...costs }, { ...FLEET, ...change }).all
  let before = Infinity
  for (const replicas of [1, 2, 3, 6, 12]) {
    const now = all({ replicas })
    t.ok(now <= before * 1.001, `${replicas} replicas are no slower`)
    before = now
  }
  t.ok(all({ isWarm: false }) > all({}), 'replicas that have nothing are slower')
  t.ok(all({ nodes: 10_000, mirrorCopies: 3 }) < all({ nodes: 100 }), 'a mirror takes the load away')
  t.ok(all({ linkOfNode: 1.25e7 }) >= 8, 'slow nodes wait for their own link')
  t.equal(simulate({ ...COSTS, sendSecondsPerGigabyte: 50 }, FLEET).firstLimit, 'cores')
})

void t.test('what fleets need', async (t) => {
  const needs = needsOf(COSTS, 0.5)
  t.equal(needs.length, 6)
  for (const { nodes, mirrorCopies, replicas, all, bucketRequests: requests, bucketBytes } of needs) {
    const what = `${nodes} nodes${mirrorCopies === undefined ? '' : ' with a mirror'}`
    t.ok(all <= 120, `${what}: in time`)
    t.ok(replicas >= 2, `${what}: one may fail`)
    t.equal(requests, bucketRequests(replicas, 200), `${what}: the bucket sees the replicas alone`)
    t.equal(bucketBytes, replicas * 250e6)
  }
  const replicasOf = (mirrorCopies: number | undefined) =>
    needs.flatMap((need) => (need.mirrorCopies === mirrorCopies ? [need.replicas] : []))
  t.strictSame(
    replicasOf(undefined),
    replicasOf(undefined).toSorted((a, b) => a - b),
    'more nodes, more replicas',
  )
  t.strictSame(replicasOf(5), [2, 2, 2], 'a mirror makes the number of nodes irrelevant')
})

void t.test('requests are spread evenly, whatever their order', async (t) => {
  for (const replicas of [2, 3, 6, 39])
    for (const stride of [1, 2, 3, 4, 5, 6, 12]) {
      const counts = Array.from({ length: replicas }, () => 0)
      for (let i = 0; i < 1_000; i++) {
        const replica = replicaOf(i * stride, replicas)
        counts[replica] = (counts[replica] ?? 0) + 1
      }
      const even = 1_000 / replicas
      t.ok(
        counts.every((count) => Math.abs(count - even) < 12),
        `${replicas} replicas, every ${stride}th: ${counts.join(' ')}`,
      )
    }
})
