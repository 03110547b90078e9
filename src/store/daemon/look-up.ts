/** Asking the binary caches what they have: few at once, and none for longer than a cache that answers at all takes. */
import type { Work } from '../work.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { FairLimit } from '../../core/fair-limit.ts'
import { LastWords, headline } from '../complaints.ts'
import { NixError } from './messages.ts'
import type { MissingReply } from './operations.ts'
import type { Missing, StoreEvent } from '../store.ts'

/**
 * A cache that answers at all does so in seconds. Nix by itself waits five times five minutes for one that doesn't, and
 * every pull of something unknown waits with it.
 */
const LOOK_UP_MS = 60_000
/** Look-ups at once: each is a process of Nix's, and anybody can ask for names that don't exist. */
const LOOK_UPS_AT_ONCE = 4

/**
 * Look-ups that are limited together.
 * @param ask of Nix.
 * @param silentMs how long the caches may take, if that is less than a minute; 0: a minute.
 * @returns one look-up, which throws RegistryError `lookup-failed` when a cache fails in a way that Nix doesn't put up
 * with, or they take too long.
 */
export function lookUps(
  ask: (
    wanted: readonly Work[],
    listen: (event: StoreEvent) => void,
    limit: AbortSignal,
  ) => Promise<MissingReply>,
  silentMs: number,
): (wanted: readonly Work[]) => Promise<Missing> {
  // One is left for other clients.
  const atOnce = new FairLimit(LOOK_UPS_AT_ONCE, LOOK_UPS_AT_ONCE - 1)
  const lookUpMs = silentMs === 0 ? LOOK_UP_MS : Math.min(silentMs, LOOK_UP_MS)
  return (wanted) =>
    atOnce.run(async () => {
      const words = new LastWords()
      const limit = AbortSignal.timeout(lookUpMs)
      try {
        const missing = await ask(wanted, words.listen, limit)
        return { ...missing, warnings: words.lines }
      } catch (cause) {
        const isRefusal = cause instanceof NixError
        if (!isRefusal && !limit.aborted) throw cause
        const reason = isRefusal ? cause.message : `no answer for ${lookUpMs / 1000} s`
        throw new RegistryError('lookup-failed', `nix could not ask the binary caches: ${headline(reason)}`, {
          cause,
          detail: { reason, log: words.lines },
        })
      }
    })
}
