/**
 * `node bench/tracing.ts`: the cost of the spans in the code. Compares the requests a second of a server without tracing
 * with those of the same server whose span functions were replaced by empty ones when it was loaded, and with those of
 * one that traces. Takes some minutes, the more the busier the machine is.
 */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { debianClosure } from '../test/fixtures/debian-closure.ts'
import { pullBlob, pullManifest, repositoryUrl } from '../test/e2e/client.ts'
import { startPushless } from '../test/support/registry-process.ts'
import { scoped, type Scope } from '../test/support/scope.ts'
import { beginSpan, traced } from '../src/tracing/traced.ts'
import { median } from './figure.ts'
import { benchImage } from './image.ts'
import { download } from './scale/download.ts'

/** Servers take turns in short slices, so that other programs of the machine disturb all of them alike. */
const SLICES = 200
const REQUESTS = 50
const CALLS = 20_000
const CALL_ROUNDS = 60
/** The source: in dist/ all modules of a command are one file. */
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
/** Loaded before the server; replaces one of its modules. */
const WITHOUT_SPANS = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module'
import { isMainThread } from 'node:worker_threads'
const source = 'export const traced = (name, attributes, step) => step(); export const beginSpan = () => undefined'
let isReplaced = false
registerHooks({
  load: (url, context, next) => {
    if (!url.endsWith('/tracing/traced.ts')) return next(url, context)
    isReplaced = true
    return { format: 'module', source, shortCircuit: true }
  },
})
// Reader threads load this file too, and not that module.
if (isMainThread) setTimeout(() => { if (!isReplaced) process.exit(3) }, 1000).unref()
`)}`

type Server = { readonly url: string }

type Compared = {
  readonly name: string
  /** Requests a second of one against those of the other, slice by slice. Sorted. */
  readonly ratios: readonly number[]
  /** Both sides: medians of requests a second. */
  readonly rates: readonly number[]
}

await tellCalls()
await scoped(async (scope) => {
  const { root } = await debianClosure()
  console.log('| requests a second, one after the other | median ratio | middle half | medians |')
  console.log('| --- | --- | --- | --- |')
  for (const { name, ratios, rates } of await measureTracing(scope, root)) {
    const [low, high] = [0.25, 0.75].map((share) =>
      (ratios[Math.floor(share * ratios.length)] ?? 0).toFixed(3),
    )
    const [one = 0, other = 0] = rates
    console.log(
      `| ${name} | ${median(ratios).toFixed(3)} | ${low} to ${high} | ${one.toFixed(0)} against ${other.toFixed(0)} |`,
    )
  }
})

async function step(): Promise<void> {
  // Nothing is done, so that its span is all there is.
}

/** Prints what a step costs while nothing is traced: the fastest of many rounds, which other programs disturb least. */
async function tellCalls(): Promise<void> {
  let [withSpan, without, download] = [Infinity, Infinity, Infinity]
  for (let round = 0; round < CALL_ROUNDS; round++) {
    withSpan = Math.min(withSpan, await nanoseconds(async () => traced('step', {}, step)))
    without = Math.min(without, await nanoseconds(async () => step()))
    download = Math.min(download, await nanoseconds(async () => void beginSpan('stream', {})))
  }
  console.log(
    `a step without tracing: ${(withSpan - without).toFixed(0)} ns; a download: ${Math.max(0, download - without).toFixed(0)} ns\n`,
  )
}

async function nanoseconds(call: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  for (let i = 0; i < CALLS; i++) await call()
  return ((performance.now() - begun) * 1e6) / CALLS
}

async function measureTracing(scope: Scope, root: string): Promise<readonly Compared[]> {
  const image = await benchImage('bench', [root])
  const collector = createServer((request, response) => {
    request.resume().once('end', () => response.end('{}'))
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  scope.teardown(() => void collector.close())
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const
  const asItIs = await startPushless(scope, { program: [...node, MAIN] })
  const without = await startPushless(scope, { program: [...node, '--import', WITHOUT_SPANS, MAIN] })
  const tracing = await startPushless(scope, {
    program: [...node, MAIN],
    args: ['--trace-endpoint', endpoint, '--trace-ratio', '0.01'],
  })
  const { layers } = (await pullManifest(asItIs.url, image)).manifest
  const smallest = layers.toSorted((a, b) => a.size - b.size)[0]?.digest ?? ''
  for (const { url } of [asItIs, without, tracing]) {
    await pullManifest(url, image)
    await (await pullBlob(url, image, smallest)).arrayBuffer()
  }
  const routes = [
    ['warm manifests', 'manifests/nix'],
    ['a small layer', `blobs/${smallest}`],
  ] as const
  const figures: Compared[] = []
  for (const [what, path] of routes) {
    const rate = async ({ url }: Server) => {
      const begun = performance.now()
      for (let i = 0; i < REQUESTS; i++) await download(`${repositoryUrl(url, image)}/${path}`)
      return REQUESTS / ((performance.now() - begun) / 1000)
    }
    const slices: { readonly off: number; readonly none: number; readonly on: number }[] = []
    for (let slice = 0; slice < SLICES; slice++) {
      // Who comes second finds other caches, so the order changes.
      const isEven = slice % 2 === 0
      const first = await rate(isEven ? asItIs : without)
      const second = await rate(isEven ? without : asItIs)
      const [off, none] = isEven ? [first, second] : [second, first]
      slices.push({ off, none, on: await rate(tracing) })
    }
    // The code of the servers is compiled during the first ones.
    const warm = slices.slice(SLICES / 10)
    const compared = (name: string, of: 'off' | 'on', against: 'none' | 'off'): Compared => ({
      name: `${what}: ${name}`,
      ratios: warm.map((slice) => slice[of] / slice[against]).toSorted((a, b) => a - b),
      rates: [of, against].map((each) => median(warm.map((slice) => slice[each]))),
    })
    figures.push(compared('tracing off, against code without spans', 'off', 'none'))
    figures.push(compared('one request in a hundred traced, against tracing off', 'on', 'off'))
  }
  return figures
}
