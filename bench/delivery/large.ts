/**
 * Delivers a large set twice: everything is new, and nothing changed. It prints the time and the requests of each.
 * `node bench/delivery/large.ts [objects]`
 */
import { deliver } from '../../src/delivery/deliver.ts'
import { startApiServer } from '../../test/support/api-server.ts'
import { deliveryRequest, makeNamespace } from '../../test/support/delivered-set.ts'
import { clusterOf, configMap } from '../../test/support/operator-rig.ts'
import { scoped } from '../../test/support/scope.ts'

const [count = 5000] = process.argv.slice(2).map(Number)
const NAMESPACE = 'large'

await scoped(async (scope) => {
  const server = await startApiServer(scope)
  const cluster = clusterOf(scope, server.kubeconfig)
  await makeNamespace(cluster, NAMESPACE)
  const objects = Array.from({ length: count }, (_, i) => configMap(`o${i}`, { text: 'x'.repeat(100) }))
  for (const round of ['all new', 'nothing changed']) {
    const before = (await server.requests()).length
    const began = performance.now()
    await deliver(cluster, deliveryRequest({ namespace: NAMESPACE, name: 'large' }, objects))
    const took = performance.now() - began
    const asked = (await server.requests()).length - before
    console.log(`${round}: ${(took / 1000).toFixed(1)} s, ${asked} requests`)
  }
})
