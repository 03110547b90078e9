/**
 * Nodes that pull one image at once: `clients.ts COUNT PATH URL…`. Each request goes to the next replica, and each node
 * has three layers under way, as containerd has. Prints the seconds of each pull, and the processor time of them all.
 */
import pLimit from 'p-limit'
import { repositoryUrl } from '../../test/e2e/client.ts'
import { drain } from './costs.ts'

const LAYERS_AT_ONCE = 3

const [count = '1', path = '', ...urls] = process.argv.slice(2)
let turn = 0
const next = () => repositoryUrl(urls[turn++ % urls.length] ?? '', path)
const begun = performance.now()
const seconds = await Promise.all(Array.from({ length: Number(count) }, pull))
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6 }))

async function pull(): Promise<number> {
  const answer = await fetch(`${next()}/manifests/nix`)
  const { layers } = (await answer.json()) as { readonly layers: readonly { readonly digest: string }[] }
  const limit = pLimit(LAYERS_AT_ONCE)
  await Promise.all(layers.map(({ digest }) => limit(async () => drain(`${next()}/blobs/${digest}`))))
  return (performance.now() - begun) / 1000
}
