/** The first manifest of an image with an empty state directory: everything is walked and hashed. */
import { repositoryUrl } from '../test/e2e/client.ts'
import { startPushless } from '../test/support/registry-process.ts'
import type { Scope } from '../test/support/scope.ts'
import { median, timed, type Figure } from './figure.ts'
import { benchImage } from './image.ts'
import type { Closure } from './start.ts'

const ROUNDS = 5
const TARGET_MS = 500
/** Of the closure's paths: how the time grows. */
const SHARES = [0.25, 0.5, 1]

export async function measureCold(scope: Scope, closure: Closure): Promise<readonly Figure[]> {
  const rows: { readonly bytes: number; readonly ms: number }[] = []
  for (const share of SHARES) {
    const contents =
      share === 1 ? [closure.root] : closure.paths.slice(0, Math.round(closure.paths.length * share))
    const image = await benchImage(`cold-${share * 100}`, contents)
    const times: number[] = []
    let bytes = 0
    for (let round = 0; round < ROUNDS; round++) {
      const server = await startPushless(scope)
      const { ms, result } = await timed(async () =>
        (await fetch(`${repositoryUrl(server.url, image)}/manifests/nix`)).json(),
      )
      times.push(ms)
      const { layers } = result as { readonly layers: readonly { readonly size: number }[] }
      bytes = layers.reduce((sum, { size }) => sum + size, 0)
      await server.stop()
    }
    rows.push({ bytes, ms: median(times) })
  }
  const whole = rows.at(-1)?.ms ?? Number.NaN
  const perMegabyte = rows.map(({ bytes, ms }) => `${(bytes / 1e6).toFixed(0)} MB in ${ms.toFixed(0)} ms`)
  return [
    {
      name: 'cold manifest, empty state',
      value: `${whole.toFixed(0)} ms`,
      number: whole,
      target: `<= ${TARGET_MS} ms`,
      isMet: whole <= TARGET_MS,
      note: perMegabyte.join(', '),
    },
  ]
}
