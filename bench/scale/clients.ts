/**
 * Nodes that pull one image at once: `clients.ts COUNT PATH URL…`. Requests are spread over the replicas, and each node has
 * three layers under way, as containerd has. Prints the seconds of each pull, and the processor time of them all.
 */
import pLimit from 'p-limit'
import { repositoryUrl } from '../../test/e2e/client.ts'
import { download, downloadJson } from './download.ts'
import { LAYERS_AT_ONCE, replicaOf } from './model.ts'

const [count = '1', path = '', ...urls] = process.argv.slice(2)
let turn = 0
const next = () => repositoryUrl(urls[replicaOf(turn++, urls.length)] ?? '', path)
const begun = performance.now()
const seconds = await Promise.all(Array.from({ length: Number(count) }, pull))
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6 }))
process.exit()

async function pull(): Promise<number> {
  const { layers } = (await downloadJson(`${next()}/manifests/nix`)) as {
    readonly layers: readonly { readonly digest: string }[]
  }
  const limit = pLimit(LAYERS_AT_ONCE)
  await Promise.all(layers.map(({ digest }) => limit(() => download(`${next()}/blobs/${digest}`))))
  return (performance.now() - begun) / 1000
}
