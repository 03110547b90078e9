/**
 * `npm test [FILE…]`: runs the tests and shows of them what a person reads: each file, what failed and why, what was
 * skipped and why, and last a line that counts. The whole output stays in `.tap/`.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { execa } from 'execa'

/** End-to-end tests start real daemons, and one makes a chroot of another Debian. */
const FILE_TIMEOUT_S = 900

const files = process.argv.slice(2)
const run = execa('tap', ['run', '--reporter=tap', `--timeout=${FILE_TIMEOUT_S}`, ...files], {
  preferLocal: true,
  stdin: 'ignore',
  stdout: 'pipe',
  stderr: 'inherit',
  reject: false,
})

const whole: string[] = []
let totals: Readonly<Record<string, number>> = {}
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
  if (counts !== undefined) totals = Object.fromEntries(counts.split(', ').map(readCount))
}
await mkdir('.tap', { recursive: true })
await writeFile('.tap/output.tap', `${whole.join('\n')}\n`)

const { exitCode } = await run
const failed = (totals['fail'] ?? 0) + (totals['todo'] ?? 0)
console.log(`${totals['pass'] ?? 0} passed, ${failed} failed, ${totals['skip'] ?? 0} skipped`)
process.exitCode = exitCode === 0 && failed === 0 && totals['total'] !== undefined ? 0 : 1

function readCount(text: string): [string, number] {
  const [name = '', count = '0'] = text.split(': ')
  return [name, Number(count)]
}
