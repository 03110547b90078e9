/**
 * Runs the tests: `npm test [FILE…]`, or `npm run test:unit` for those that need nothing but Node. It prints each file,
 * failures and skipped tests with their reasons, and at the end a line that counts. The whole output is in `.tap/`.
 */
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

/** End-to-end tests start real daemons, and one makes a chroot of another Debian. */
const FILE_TIMEOUT_S = 900

/** Files at once. Most wait for builds, pulls and timers: two cores are busy half of the time with two files at once. */
const JOBS = Math.max(4, availableParallelism())

/** Files that measure time, to the millisecond: beside another test they would measure that test's load, too. */
const MEASURES = /(?:^|\/)(?:attack[^/]*|e2e\/closure)\.test\.ts$/

/** Folders whose tests need Nix, containers or other programs. */
const NO_UNITS = /^test\/(?:e2e|fixtures|support|manifests|nix)\//
/** Imports by which a test elsewhere says that it needs one. */
const NEEDS_PROGRAMS =
  /support\/requirement\.ts|nix-command\.ts|real-(?:store|registry)\.ts|kubernetes-yaml\/program\.ts|from 'execa'/

const asked = process.argv.slice(2)
const all = await Array.fromAsync(glob('test/**/*.test.ts'))
const files = asked[0] === '--unit' ? await unitTests(all) : asked.length > 0 ? asked : all
const whole: string[] = []
const totals = new Map<string, number>()
let isFine = true
for (const [jobs, some] of [
  [[`--jobs=${JOBS}`], files.filter((file) => !MEASURES.test(file))],
  [['--jobs=1'], files.filter((file) => MEASURES.test(file))],
] as const)
  if (some.length > 0) isFine = (await runTests([...jobs, ...some.toSorted()])) && isFine

await mkdir('.tap', { recursive: true })
await writeFile('.tap/output.tap', `${whole.join('\n')}\n`)

const failed = (totals.get('fail') ?? 0) + (totals.get('todo') ?? 0)
console.log(`${totals.get('pass') ?? 0} passed, ${failed} failed, ${totals.get('skip') ?? 0} skipped`)
process.exitCode = isFine && failed === 0 && (totals.get('total') ?? 0) > 0 ? 0 : 1

async function unitTests(paths: readonly string[]): Promise<readonly string[]> {
  const units: string[] = []
  for (const file of paths)
    if (!NO_UNITS.test(file) && !NEEDS_PROGRAMS.test(await readFile(file, 'utf8'))) units.push(file)
  return units
}

/** @returns whether tap found nothing wrong. */
async function runTests(args: readonly string[]): Promise<boolean> {
  const run = execa('tap', ['run', '--reporter=tap', `--timeout=${FILE_TIMEOUT_S}`, ...args], {
    preferLocal: true,
    // Each file is a process of its own, and compiling tap's modules was half of a short one's time.
    env: { NODE_COMPILE_CACHE: join(process.cwd(), '.tap/compile-cache') },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    reject: false,
  })
  /** Indentation of the failure whose explanation is being printed. */
  let explained: number | undefined
  for await (const line of run.iterable()) {
    whole.push(line)
    const text = line.trimStart()
    const indentation = line.length - text.length
    if (explained !== undefined && indentation > explained) {
      console.log(line)
      continue
    }
    explained = undefined
    const isFailure = text.startsWith('not ok ')
    const isOfFile = indentation === 0 && /^(?:not )?ok /.test(text)
    if (isFailure || isOfFile || / # (?:SKIP|TODO)\b/i.test(text)) console.log(line)
    // A test that holds others has said why in them.
    if (isFailure && !/ # time=/.test(text)) explained = indentation
    const counts = /^# \{ (total: .*) \}$/.exec(line)?.[1]
    for (const [name, count] of counts?.split(', ').map(readCount) ?? [])
      totals.set(name, (totals.get(name) ?? 0) + count)
  }
  return (await run).exitCode === 0
}

function readCount(text: string): [string, number] {
  const [name = '', count = '0'] = text.split(': ')
  return [name, Number(count)]
}
