/**
 * A process that delivers a set, and may be killed. It is bundled, so that it starts within a tenth of a second. Its line
 * `ready` comes before it reads one line of its input, with the namespace and the objects; `begun` before the first
 * request; `done` at the end.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseJson } from '../../src/core/json.ts'
import { textAt, listAt } from '../../src/core/json-fields.ts'
import { deliver } from '../../src/delivery/deliver.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { deliveryRequest } from './delivered-set.ts'

const cluster = kubernetesCluster(parseKubeconfig(readFileSync(process.argv[2] ?? '', 'utf8')))
const input = createInterface(process.stdin)
process.stdout.write('ready\n')
const [line] = (await once(input, 'line')) as [string]
const given = parseJson(line)
const namespace = textAt(given, 'namespace') ?? ''
const objects = listAt(given, 'objects') as readonly DesiredObject[]
process.stdout.write('begun\n')
await deliver(cluster, {
  ...deliveryRequest({ namespace, name: 'web' }, objects),
  mayShrink: true,
  by: 'process',
})
process.stdout.write('done\n')
cluster.close()
input.close()
