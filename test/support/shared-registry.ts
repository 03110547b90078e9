/**
 * One running pushless for all tests of a process that only ask it for images: a start takes 0.6 s of a processor.
 * Tests that stop it, look at its state or count what it did for the first time start one of their own.
 */
import t from 'tap'
import { startPushless, type LogLine, type Pushless } from './registry-process.ts'

export type SharedPushless = Pick<Pushless, 'url' | 'port'> & {
  /** Every JSON line that it logged since this test asked for it. */
  readonly logs: readonly LogLine[]
}

const servers = new Map<string, Promise<Pushless>>()

/** @param args of `pushless serve`; one server runs for each list of them. It ends with the tests of the process. */
export async function sharedPushless(...args: readonly string[]): Promise<SharedPushless> {
  const key = args.join('\n')
  const server = servers.get(key) ?? startPushless(t, { args })
  servers.set(key, server)
  const { url, port, logs } = await server
  const before = logs.length
  return {
    url,
    port,
    get logs() {
      return logs.slice(before)
    },
  }
}
