/**
 * Makes the image of a store path, and prints how many milliseconds of the processor its thread took for the longest turn
 * of its event loop. A process of its own: tap follows each turn, which takes longer than what is measured.
 */
import { setImmediate } from 'node:timers/promises'
import { parseReference } from '../../src/core/oci/reference.ts'
import { openRegistry } from '../../src/open-registry.ts'
import { readSettings } from '../../src/settings/read-settings.ts'

const [path = '', state = ''] = process.argv.slice(2)
const flags = {
  PUSHLESS_STATE: state,
  PUSHLESS_NIX: 'nix-daemon --stdio',
  PUSHLESS_SERVE_PACKAGES: 'on',
  PUSHLESS_HOLD: 280,
}
const settings = readSettings(flags, {}, false)
const { registry, close } = await openRegistry(settings, { onRootTrouble: () => undefined })
// A process of Nix's is started, which isn't what is measured.
await registry.warmUp()
const over = new AbortController()
const watched = longestTurn(over.signal)
const { layers } = await registry.image(parseReference(path.slice(1)), 'nix')
over.abort()
const size = layers.reduce((sum, layer) => sum + layer.size, 0)
process.stdout.write(`${JSON.stringify({ size, longestMs: await watched })}\n`)
await close()

async function longestTurn(signal: AbortSignal): Promise<number> {
  let longest = 0
  for (let before = processorMs(); !signal.aborted;) {
    await setImmediate()
    const now = processorMs()
    longest = Math.max(longest, now - before)
    before = now
  }
  return longest
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
