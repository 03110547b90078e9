/** pushless as its users run it: a process of its own, on a port of its own, spoken to over HTTP alone. */
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { startDaemon } from './daemon.ts'
import type { Exit } from './daemon.ts'
import { nixEnv } from './nix.ts'
import { temporaryDirectory } from './scope.ts'
import type { Scope } from './scope.ts'

export type LogLine = Readonly<Record<string, unknown>>

export interface Pushless {
  readonly url: string
  /** The port of `url`. */
  readonly port: number
  /** Its state directory: the one given, or one that goes away with the scope. */
  readonly state: string
  readonly pid: number
  /** Every JSON line it logged so far. */
  readonly logs: LogLine[]
  /** Every line it printed so far, JSON or not. */
  readonly lines: readonly string[]
  /** SIGTERM, and fails unless it ends with exit code 0 in time. */
  stop(): Promise<void>
  kill(signal: NodeJS.Signals): void
  readonly exited: Promise<Exit>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const STOP_LIMIT_MS = 20_000
const checkout = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(root, 'dist/main.js'),
] as const

export async function startPushless(
  scope: Scope,
  options: {
    readonly args?: readonly string[]
    readonly env?: Readonly<Record<string, string | undefined>>
    /** A state directory to use again, e.g. that of a process before this one. */
    readonly state?: string
    /** `host:port`; any free port of the loopback by default. */
    readonly listen?: string
    /** The command of pushless; the checkout's by default, built. */
    readonly program?: readonly [string, ...string[]]
    /** A command that the process is started through, and that becomes it. */
    readonly prefix?: readonly [string, ...string[]]
  } = {},
): Promise<Pushless> {
  const state = options.state ?? (await temporaryDirectory(scope, 'state'))
  const logs: LogLine[] = []
  const serve = [
    ...(options.program ?? checkout),
    'serve',
    '--listen',
    options.listen ?? '127.0.0.1:0',
    '--state',
    state,
    ...(options.args ?? []),
  ] as const
  const daemon = await startDaemon(scope, {
    command: options.prefix === undefined ? serve : [...options.prefix, ...serve],
    cwd: root,
    // Beside other tests it takes longer than alone.
    killAfterMs: STOP_LIMIT_MS,
    stopWithinMs: STOP_LIMIT_MS,
    // A Nix of its own, under the tests' settings: a system's daemon would have the system's.
    env: { ...nixEnv, PUSHLESS_NIX: 'nix-daemon --stdio', ...options.env },
    ready: (text) => {
      const line = parseLog(text)
      if (line === undefined) return undefined
      logs.push(line)
      return line['msg'] === 'listening' && typeof line['url'] === 'string' ? line['url'] : undefined
    },
  })
  return {
    url: daemon.ready.replace(/\/$/, ''),
    port: Number(new URL(daemon.ready).port),
    state,
    pid: daemon.pid,
    logs,
    lines: daemon.lines,
    kill: daemon.kill,
    exited: daemon.exited,
    stop: async () => {
      const { exitCode, signal } = await daemon.stop()
      if (exitCode !== 0) {
        throw new Error(`pushless ended with ${signal ?? exitCode}; it printed:\n${daemon.lines.join('\n')}`)
      }
    },
  }
}

function parseLog(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
