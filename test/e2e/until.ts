/** Waits for what another process does in its own time. */
import { setTimeout } from 'node:timers/promises'

const LIMIT_MS = 20_000
const SERVED_LIMIT_MS = 60_000

/** What `look` gives, as soon as it gives something. @throws when it doesn't for 20 seconds, or so many milliseconds. */
export async function until<T>(
  look: () => Promise<T | undefined> | T | undefined,
  limitMs = LIMIT_MS,
): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`nothing for ${limitMs} ms: ${look.toString()}`)
    await setTimeout(20)
  }
}

/** Asks until there is an answer that isn't "later". */
export async function served(url: string): Promise<void> {
  for (const end = Date.now() + SERVED_LIMIT_MS; Date.now() < end; await setTimeout(100)) {
    if ((await fetch(url)).status === 200) return
  }
  throw new Error(`not served in ${SERVED_LIMIT_MS} ms: ${url}`)
}
