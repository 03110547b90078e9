/**
 * Runs the tests: `npm test [FILE…]`, or `npm run test:unit` for those that need nothing but Node. It prints each file,
 * failures and skipped tests with their reasons, and at the end a line that counts. The whole output is in `.tap/`.
 */
import { glob, mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import pLimit from 'p-limit'
import { runTestGroup } from './run-test-group.ts'
import { groupOf, isMeasuring, testGroups, unitTests, type TestGroup } from './test-groups.ts'

/** End-to-end tests start real daemons, and one makes a chroot of another Debian. */
const FILE_TIMEOUT_MS = 900_000

/** Files at once. Most wait for builds, pulls and timers: two cores are busy half of the time with two files at once. */
const JOBS = Math.max(4, availableParallelism())

const asked = process.argv.slice(2)
const all = await Array.fromAsync(glob('test/**/*.test.ts'))
/** Files that a developer names have processes of their own, so that each has its own line. */
const groups =
  asked.length === 0
    ? await testGroups(all)
    : asked[0] === '--unit'
      ? await testGroups(await unitTests(all))
      : asked.map(groupOf)
const whole: string[] = []
const totals = new Map<string, number>()
let isFine = true
let finished = 0
let processorTotalMs = 0
for (const [jobs, some] of [
  [JOBS, groups.filter((group) => !measures(group))],
  [1, groups.filter(measures)],
] as const) {
  const limit = pLimit(jobs)
  await Promise.all(some.map(async (group) => limit(async () => runGroup(group))))
}

await mkdir('.tap', { recursive: true })
await writeFile('.tap/output.tap', `${whole.join('\n')}\n`)

const failed = (totals.get('fail') ?? 0) + (totals.get('todo') ?? 0)
console.log(`# processor time: ${Math.round(processorTotalMs / 1000)} s`)
console.log(`${totals.get('pass') ?? 0} passed, ${failed} failed, ${totals.get('skip') ?? 0} skipped`)
process.exitCode = isFine && failed === 0 && (totals.get('total') ?? 0) > 0 ? 0 : 1

function measures({ files }: TestGroup): boolean {
  return files.some(isMeasuring)
}

/** Runs a file or several, and prints what is worth reading when they are over. */
async function runGroup(group: TestGroup): Promise<void> {
  const { name } = group
  const lines: string[] = []
  const {
    isFine: isGood,
    milliseconds,
    processorMs,
    counts,
  } = await runTestGroup(group, {
    onLine: (line) => lines.push(line),
    timeoutMs: FILE_TIMEOUT_MS * group.files.length,
  })
  finished += 1
  const verdict = isGood ? 'ok' : 'not ok'
  const processor = processorMs === undefined ? '' : ` cpu=${processorMs}ms`
  const result = `${verdict} ${finished} - ${name} # time=${Math.round(milliseconds)}ms${processor}`
  processorTotalMs += processorMs ?? 0
  console.log([...worthReading(lines), result].join('\n'))
  whole.push(`# Subtest: ${name}`, ...lines.map((line) => `    ${line}`), result, '')
  for (const [name, count] of counts) totals.set(name, (totals.get(name) ?? 0) + count)
  // A file that ended early, or by force, has no counts, or not all.
  if (!isGood && (counts.get('fail') ?? 0) === 0) totals.set('fail', (totals.get('fail') ?? 0) + 1)
  isFine &&= isGood
}

/** Failures with their explanations, and skipped tests with their reasons. */
function worthReading(lines: readonly string[]): readonly string[] {
  const read: string[] = []
  /** Indentation of the failure whose explanation is being read. */
  let explained: number | undefined
  for (const line of lines) {
    const text = line.trimStart()
    const indentation = line.length - text.length
    if (explained !== undefined && indentation > explained) {
      read.push(`    ${line}`)
      continue
    }
    explained = undefined
    const isFailure = text.startsWith('not ok ')
    if (isFailure || / # (?:SKIP|TODO)\b/i.test(text) || text.startsWith('# ended after'))
      read.push(`    ${line}`)
    // A test that holds others has said why in them.
    if (isFailure && !/ # time=/.test(text)) explained = indentation
  }
  return read
}
