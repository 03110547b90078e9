/**
 * Runs a file of tests, or a group of files, as a program of its own: Node reads TypeScript, and tap prints TAP by itself.
 * tap's own runner loads plugins into each process that no test uses, which costs 0.4 s of a processor for each file.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import type { TestGroup } from './test-groups.ts'

export type GroupRun = {
  /** Hears each line of TAP. */
  readonly onLine: (line: string) => void
  readonly timeoutMs: number
}

export type GroupResult = {
  readonly isFine: boolean
  readonly milliseconds: number
  /** Of the processor, by the file and all programs that it waited for. Undefined where the system doesn't tell it. */
  readonly processorMs: number | undefined
  /** By name: total, pass, fail, skip, todo. */
  readonly counts: ReadonlyMap<string, number>
}

const COUNTS = /^# \{ (total: .*) \}$/
const KILL_DELAY_MS = 5_000

export async function runTestGroup(
  { name, files }: TestGroup,
  { onLine, timeoutMs }: GroupRun,
): Promise<GroupResult> {
  const began = performance.now()
  const program = files.length === 1 ? files : ['scripts/test-group.ts', name]
  const run = execa(process.execPath, ['--disable-warning=ExperimentalWarning', ...program], {
    env: {
      TEST_FILES: files.join('\n'),
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
  let processorMs: number | undefined
  run.nodeChildProcess.once('exit', () => (processorMs = newProcessorMs()))
  const counts = new Map<string, number>()
  for await (const line of run.iterable()) {
    onLine(line)
    for (const [name, count] of COUNTS.exec(line)?.[1]?.split(', ').map(readCount) ?? [])
      counts.set(name, count)
  }
  const { exitCode, timedOut } = await run
  if (timedOut) onLine(`# ended after ${timeoutMs / 1000} s`)
  return { isFine: exitCode === 0, milliseconds: performance.now() - began, processorMs, counts }
}

function readCount(text: string): [string, number] {
  const [name = '', count = '0'] = text.split(': ')
  return [name, Number(count)]
}

/** A tick of the times below /proc on Linux. */
const TICK_MS = 10
let countedTicks = 0

/** Returns the processor time of the programs that ended since the last call, which Node itself does not tell. */
function newProcessorMs(): number | undefined {
  let stat: string
  try {
    stat = readFileSync('/proc/self/stat', 'latin1')
  } catch {
    return undefined
  }
  // proc(5): cutime and cstime, the 14th and 15th field behind the name of the program.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[13]) + Number(fields[14])
  const more = ticks - countedTicks
  countedTicks = ticks
  return more * TICK_MS
}
