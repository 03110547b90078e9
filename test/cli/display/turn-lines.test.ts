import { execa } from 'execa'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import t from 'tap'
import { turnLines } from '../../../src/cli/display/turn-lines.ts'

const MODULE = fileURLToPath(new URL('../../../src/cli/display/turn-lines.ts', import.meta.url))

void t.test('the lines of a turn are written together, in their order', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'turn-lines-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'log')
  const lines = turnLines((message) => message !== 'urgent', openSync(file, 'w'))
  const written = () => readFileSync(file, 'utf8')
  lines.write('one\n')
  lines.write('two\n')
  t.equal(written(), '')
  await setImmediate()
  t.equal(written(), 'one\ntwo\n')
  lines.write('three\n')
  await setImmediate()
  t.equal(written(), 'one\ntwo\nthree\n', 'and so in the next one')
  lines.write(`${'long '.repeat(2_000)}\n`)
  t.ok(written().length > 2_000, 'more than a turn may hold is written at once')
  const log = pino({}, lines)
  log.info('patient')
  t.notMatch(written(), /patient/)
  log.info('urgent')
  t.match(written(), /patient[^]*urgent/, 'and so is a line that may not wait, with those before it')
  log.fatal('the end')
  t.match(written(), /"msg":"the end"/, 'and so is what is fatal')
})

void t.test('the lines of the last turn are written before the process ends', async (t) => {
  for (const [end, stderr] of [
    ['process.exit(0)', /^$/],
    ['throw new Error("a defect")', /a defect/],
    ['', /^$/],
  ] as const) {
    const script = `import { turnLines } from ${JSON.stringify(MODULE)}; turnLines(() => true).write('last\\n'); ${end}`
    const ended = await execa(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
      { reject: false },
    )
    t.equal(ended.stdout, 'last', end)
    t.match(ended.stderr, stderr)
  }
})
