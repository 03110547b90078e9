/**
 * Runs one file of tests as a program of its own: Node reads TypeScript, and tap prints TAP by itself. tap's own runner
 * loads plugins into each process that no test uses, which costs 0.4 s of a processor for each file.
 */
import { join } from 'node:path'
import { execa } from 'execa'

export type FileRun = {
  /** Hears each line of TAP. */
  readonly onLine: (line: string) => void
  readonly timeoutMs: number
}

export type FileResult = {
  readonly isFine: boolean
  readonly milliseconds: number
  /** By name: total, pass, fail, skip, todo. */
  readonly counts: ReadonlyMap<string, number>
}

const COUNTS = /^# \{ (total: .*) \}$/
const KILL_DELAY_MS = 5_000

export async function runTestFile(file: string, { onLine, timeoutMs }: FileRun): Promise<FileResult> {
  const began = performance.now()
  const run = execa(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    env: {
      TAP: '1',
      TAP_TIMEOUT: String(timeoutMs / 1000),
      // Each file is a process of its own, and compiling the modules was half of a short one's time.
      NODE_COMPILE_CACHE: join(process.cwd(), '.tap/compile-cache'),
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    reject: false,
    timeout: timeoutMs,
    forceKillAfterDelay: KILL_DELAY_MS,
  })
  const counts = new Map<string, number>()
  for await (const line of run.iterable()) {
    onLine(line)
    for (const [name, count] of COUNTS.exec(line)?.[1]?.split(', ').map(readCount) ?? [])
      counts.set(name, count)
  }
  const { exitCode, timedOut } = await run
  if (timedOut) onLine(`# ended after ${timeoutMs / 1000} s`)
  return { isFine: exitCode === 0, milliseconds: performance.now() - began, counts }
}

function readCount(text: string): [string, number] {
  const [name = '', count = '0'] = text.split(': ')
  return [name, Number(count)]
}
