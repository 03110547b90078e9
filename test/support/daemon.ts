/**
 * One long-running program of a test: started, known to be ready by a line it prints, stopped by its own pid.
 * Whatever goes wrong, the error carries all that the program had printed.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import type { Scope } from './scope.ts'

export interface DaemonOptions<Ready> {
  readonly command: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Sees each line of stdout and stderr; what it returns, if anything, says that the program is ready. */
  readonly ready: (line: string) => Ready | undefined
  /** How long the program may take until it is ready. */
  readonly readyWithinMs?: number
  /** How long it may take to stop; then it is killed, and `stop` fails. */
  readonly stopWithinMs?: number
  /** How long it may take to stop before it is killed without a failure. An API server waits for its watches. */
  readonly killAfterMs?: number
}

export interface Exit {
  readonly exitCode: number | undefined
  readonly signal: string | undefined
}

export interface Daemon<Ready> {
  readonly ready: Ready
  readonly pid: number
  /** Every line so far, of stdout and stderr together; grows while the program runs. */
  readonly lines: readonly string[]
  /** Sends SIGTERM and waits for the end. Safe to call twice. */
  stop(this: void): Promise<Exit>
  /** Sends the signal, and doesn't wait: `exited` does. */
  kill(this: void, signal: NodeJS.Signals): void
  readonly exited: Promise<Exit>
}

/** How long output is waited for that a program left to be read when it ended. */
const OUTPUT_LIMIT_MS = 1_000

export async function startDaemon<Ready>(
  scope: Scope,
  {
    command: [file, ...args],
    env,
    cwd,
    ready,
    readyWithinMs = 60_000,
    stopWithinMs = 15_000,
    killAfterMs = 5_000,
  }: DaemonOptions<Ready>,
): Promise<Daemon<Ready>> {
  const lines: string[] = []
  const readiness = Promise.withResolvers<Ready>()
  // An execa transform that passes nothing on: what nobody reads would fill the pipe and stop the program.
  // oxlint-disable-next-line eslint/require-yield -- it only looks on
  const observe = function* (line: unknown) {
    const text = String(line)
    lines.push(text)
    const found = ready(text)
    if (found !== undefined) readiness.resolve(found)
  }
  const subprocess = execa(file, args, {
    env: { ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdin: 'ignore',
    stdout: observe,
    stderr: observe,
    buffer: false,
    reject: false,
    forceKillAfterDelay: killAfterMs,
  })
  const output = subprocess.then(({ exitCode, signal }): Exit => ({ exitCode, signal }))
  const ended = Promise.withResolvers<Exit>()
  subprocess.nodeChildProcess.once('exit', (exitCode, signal) =>
    ended.resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined }),
  )
  const exited = Promise.race([
    output,
    // A process that it started and left behind may hold its output open for as long as that runs.
    ended.promise.then(async (exit) => {
      await within(OUTPUT_LIMIT_MS, output)
      subprocess.nodeChildProcess.stdout?.destroy()
      subprocess.nodeChildProcess.stderr?.destroy()
      return exit
    }),
  ])
  const failure = (what: string) => new Error(`${file} ${what}; it printed:\n${lines.join('\n')}`)
  let running = true
  void exited.then(() => (running = false))

  const stop = async (): Promise<Exit> => {
    if (running) subprocess.kill('SIGTERM')
    const exit = await within(stopWithinMs, exited)
    if (exit !== undefined) return exit
    subprocess.kill('SIGKILL')
    await exited
    throw failure(`did not stop within ${stopWithinMs} ms`)
  }
  scope.teardown(async () => void (await stop()))

  const end = exited.then(({ exitCode, signal }): never => {
    throw failure(`ended before it was ready (exit code ${exitCode}, signal ${signal})`)
  })
  end.catch(() => {})
  const found = await within(readyWithinMs, Promise.race([readiness.promise, end]))
  if (found === undefined || subprocess.pid === undefined) {
    throw failure(`was not ready within ${readyWithinMs} ms`)
  }
  return {
    ready: found,
    pid: subprocess.pid,
    lines,
    stop,
    exited,
    kill: (signal) => void subprocess.kill(signal),
  }
}

/** What `promise` gives, or undefined when it takes longer than that. Leaves no timer behind. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController()
  try {
    return await Promise.race([
      promise,
      delay(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined),
    ])
  } finally {
    timer.abort()
  }
}
