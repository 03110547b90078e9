/**
 * The built server under attack: what it must bear is that `/healthz` is answered at once and that its memory stays
 * small, all the time. Measured by a process of its own (health-poller.ts), so that the attacker's work doesn't count
 * as the server's. Where the test is root, server and poller run before all else on the machine, with one priority:
 * what is measured is then the server, and not the other tests beside it.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { WatchCommand, WatchFigures } from './health-poller.ts'
import { missing } from './requirement.ts'
import { startPushless, type Pushless } from './registry-process.ts'
import type { Scope } from './scope.ts'

export type AttackFigures = WatchFigures & {
  /** Whether the process runs and answers after the attack. */
  readonly alive: boolean
}

export type AttackedServer = Pushless & {
  /** Watches the server while `attack` runs, and until the next poll after it is answered. */
  readonly during: (attack: () => Promise<unknown>) => Promise<AttackFigures>
}

/** Kubernetes' default limit of a probe is one second. */
const HEALTH_LIMIT_MS = 250
const RESIDENT_LIMIT_BYTES = 300 * 1000 ** 2
const PRIORITY = -10
/** Leaves room for a poll that the server keeps waiting. */
const WATCH_LIMIT_MS = 60_000

/** @param options as of startPushless; for a private store give the `prefix` of private-nix.ts. */
export async function startAttackedServer(
  scope: Scope,
  options: Parameters<typeof startPushless>[1] = {},
): Promise<AttackedServer> {
  const urgent = missing('root') === false ? ['nice', '-n', String(PRIORITY)] : []
  const [first, ...others] = [...urgent, ...(options.prefix ?? [])]
  const server = await startPushless(scope, {
    ...options,
    ...(first === undefined ? {} : { prefix: [first, ...others] as const }),
  })
  let isRunning = true
  void server.exited.then(() => (isRunning = false))
  const poller = fork(fileURLToPath(new URL('./health-poller.ts', import.meta.url)), [
    String(server.pid),
    String(server.port),
  ])
  scope.teardown(() => void poller.kill())
  const told = async (): Promise<unknown> =>
    (await once(poller, 'message', { signal: AbortSignal.timeout(WATCH_LIMIT_MS) }))[0]
  const command = (word: WatchCommand) => poller.send(word)
  await told()
  return {
    ...server,
    during: async (attack) => {
      const begun = told()
      command('begin')
      await begun
      await attack()
      const last = told()
      command('end')
      const figures = (await last) as WatchFigures
      const alive = isRunning && (await isWell(server.url))
      return { ...figures, alive }
    },
  }
}

/** Asserts that the server bore it: alive, every poll answered, the slowest in 250 ms, at most 300 MB resident. */
export function assertUnharmed(t: Test, name: string, figures: AttackFigures): void {
  const { slowestHealthMs, peakResidentBytes, polls, failures, ownDelayMs, alive } = figures
  const megabytes = Math.round(peakResidentBytes / 1000 ** 2)
  t.ok(alive, `${name}: the server is alive`)
  t.ok(polls > 0, `${name}: ${polls} polls, the poller late by ${Math.round(ownDelayMs)} ms at most`)
  t.equal(failures, 0, `${name}: every /healthz is answered`)
  t.ok(slowestHealthMs <= HEALTH_LIMIT_MS, `${name}: slowest /healthz ${Math.round(slowestHealthMs)} ms`)
  t.ok(peakResidentBytes <= RESIDENT_LIMIT_BYTES, `${name}: ${megabytes} MB resident`)
}

async function isWell(url: string): Promise<boolean> {
  const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(WATCH_LIMIT_MS) }).catch(
    () => undefined,
  )
  return response?.status === 200
}
