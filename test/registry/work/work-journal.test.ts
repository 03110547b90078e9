import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { Deletion } from '../../../src/core/deletion.ts'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { storeHashOf } from '../../../src/core/nix/store-path.ts'
import { workId } from '../../../src/registry/work/work-failure.ts'
import { WorkJournal } from '../../../src/registry/work/work-journal.ts'
import { RECORDS_KEPT, WorkRecords } from '../../../src/registry/work/work-records.ts'
import { journalIn, stateDirectory } from '../journal.ts'
import { BUILD, FAILURE, FETCH, MADE, buildOf, log, run } from '../journalled-work.ts'

void t.test('the course of a build', async (t) => {
  const journal = journalIn(t)
  const id = workId(BUILD)
  t.equal(journal.get(id), undefined)
  journal.begin(BUILD, MADE)
  t.match(journal.get(id), { id, kind: 'build', name: 'hello-2.12', outputs: ['out'], state: 'queued' })
  journal.hear(BUILD, { kind: 'started' })
  journal.hear(BUILD, { kind: 'building', derivation: BUILD.derivation })
  journal.hear(BUILD, log('first'))
  journal.hear(BUILD, { kind: 'log', line: 'of its own', derivation: undefined })
  journal.hear(BUILD, {
    kind: 'log',
    line: 'second',
    derivation: '/nix/store/cw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-dep.drv',
  })
  t.match(journal.get(id), { state: 'running', started: Number, log: { lines: 4 } })
  t.match(journal.progress(id), {
    detail: { building: ['hello-2.12'] },
    build: id,
    brief: 'working on hello-2.12',
  })
  t.strictSame(journal.progress(storeHashOf(MADE)), journal.progress(id), 'also by what it makes')
  const text = `building ${BUILD.derivation}\nfirst\nof its own\ndep> second\n`
  const running = journal.get(id)
  t.ok(running)
  if (running !== undefined) t.equal(await journal.log(running), text)
  journal.hear(BUILD, { kind: 'done' })
  const record = journal.get(id)
  t.match(record, { state: 'done', ended: Number, failure: undefined })
  t.strictSame(journal.get(storeHashOf(MADE)), record, 'also by what it made')
  if (record !== undefined) t.equal(await journal.log(record), text, 'the log is kept')
  t.strictSame(journal.progress(id), {})
  t.strictSame(
    journal.list(10).map(({ state }) => state),
    ['done'],
  )
  t.strictSame(journal.list(10, 'failed'), [])
})

void t.test('outputs of one derivation that are made at the same time share a record', async (t) => {
  const journal = journalIn(t)
  journal.begin(BUILD)
  journal.begin({ ...BUILD, output: 'dev' })
  journal.hear(BUILD, { kind: 'started' })
  journal.hear(BUILD, { kind: 'done' })
  t.match(journal.get(workId(BUILD)), { state: 'running', outputs: ['out', 'dev'] })
  journal.hear(BUILD, { kind: 'failed', error: FAILURE })
  t.match(journal.get(workId(BUILD)), { state: 'failed' })
})

void t.test('a failure is remembered for a while, also by the next process', async (t) => {
  for (const [what, error, work, failureMs, ageMs, expected] of [
    ['a build', FAILURE, BUILD, 300_000, 0, true],
    ['a build long ago', FAILURE, BUILD, 300_000, 301_000, false],
    ['a build of a future clock', FAILURE, BUILD, 300_000, -10_000, false],
    ['a build, where nothing is to be', FAILURE, BUILD, 0, 0, false],
    ['a fetch', new RegistryError('fetch-failed', 'x'), FETCH, 300_000, 0, true],
    ['a fetch a minute ago', new RegistryError('fetch-failed', 'x'), FETCH, 300_000, 61_000, false],
    ['Nix away', new RegistryError('unavailable', 'x'), BUILD, 300_000, 0, false],
    ['a defect', new Error('x'), BUILD, 300_000, 0, false],
  ] as const) {
    const directory = stateDirectory(t)
    const journal = new WorkJournal({
      directory,
      failureMs,
      logBytes: 1e6,
      onTrouble: (e) => t.fail(String(e)),
    })
    run(journal, error, work)
    await journal.close()
    const records = new WorkRecords(directory)
    const record = records.get(workId(work))
    if (record?.ended !== undefined) records.put({ ...record, ended: record.ended - ageMs })
    records.close()
    const next = journalIn(t, { directory, failureMs })
    const failure = next.failure(work)
    t.equal(failure !== undefined, expected, what)
    if (failure !== undefined && error instanceof RegistryError)
      t.strictSame([failure.kind, failure.message, failure.facts], [error.kind, error.message, error.facts])
    t.equal(next.failure({ kind: 'fetch', path: BUILD.derivation }), undefined, 'nothing else is')
  }
})

void t.test('a forgotten failure is unknown', async (t) => {
  const directory = stateDirectory(t)
  const journal = journalIn(t, { directory })
  const id = workId(BUILD)
  t.equal(journal.forget(id), false)
  journal.begin(BUILD)
  t.equal(journal.forget(id), true, 'what goes on')
  t.match(journal.get(id), { state: 'queued' }, 'goes on')
  journal.hear(BUILD, { kind: 'failed', error: FAILURE })
  t.ok(journal.failure(BUILD))
  t.equal(journal.forget(id), true)
  t.equal(journal.failure(BUILD), undefined)
  t.equal(journal.get(id), undefined)
  await journal.close()
  t.strictSame(await readdir(join(directory, 'logs')), [])
})

void t.test('work that a dead process left is interrupted, not failed', async (t) => {
  const directory = stateDirectory(t)
  const journal = journalIn(t, { directory })
  journal.begin(BUILD)
  journal.hear(BUILD, { kind: 'started' })
  journal.hear(BUILD, log('so far'))
  await setTimeout(600)
  const beside = new WorkRecords(directory)
  t.strictSame(beside.abandoned().length, 1, 'its own, as of an earlier life')
  beside.close()
  const database = new DatabaseSync(join(directory, 'work.sqlite'))
  database.exec(`UPDATE work SET owner = '1 1'`)
  const next = journalIn(t, { directory })
  const record = next.get(workId(BUILD))
  t.match(record, { state: 'interrupted', failure: undefined })
  if (record !== undefined) t.equal(await next.log(record), 'so far\n')
  t.equal(next.failure(BUILD), undefined)
  // Of a process that lives: the one that runs this test, as /proc has it.
  const stat = await readFile(`/proc/${process.ppid}/stat`, 'utf8')
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  const records = new WorkRecords(directory)
  if (record !== undefined) records.put({ ...record, state: 'running' })
  database.exec(`UPDATE work SET owner = '${process.ppid} ${started}'`)
  database.close()
  t.strictSame(records.abandoned(), [], 'what a living process does is its own')
  records.close()
})

void t.test('running work is interrupted when the journal closes', async (t) => {
  const directory = stateDirectory(t)
  const journal = journalIn(t, { directory })
  journal.begin(BUILD)
  journal.begin({ ...BUILD, output: 'dev' })
  await journal.close()
  journal.begin(FETCH)
  journal.hear(BUILD, log('late'))
  const next = journalIn(t, { directory })
  t.match(next.get(workId(BUILD)), { state: 'interrupted', failure: { message: 'the registry was stopped' } })
  t.equal(next.list(10).length, 1)
})

void t.test('logs are bounded together, records in number, and both are for their owner alone', async (t) => {
  const directory = stateDirectory(t)
  const gone: string[] = []
  const onDeletion = ({ target, reason }: Deletion) => gone.push(`${target}: ${reason}`)
  const journal = journalIn(t, { directory, logBytes: 3_100, onDeletion })
  const works = Array.from({ length: 5 }, (_, i) => buildOf(`${i}w2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x.drv`))
  for (const work of works) {
    journal.begin(work)
    journal.hear(work, log('x'.repeat(999)))
    journal.hear(work, { kind: 'done' })
  }
  await journal.close()
  const names = await readdir(join(directory, 'logs'))
  t.strictSame(
    names.sort(),
    works.slice(2).map((work) => `${workId(work)}.log`),
  )
  t.equal((await stat(join(directory, 'logs'))).mode & 0o777, 0o700)
  t.equal((await stat(join(directory, 'logs', names[0] ?? ''))).mode & 0o777, 0o600)
  const records = new WorkRecords(directory)
  const [record] = records.list(1)
  const digits = '0123456789abcdfghijklmnpqrsvwxyz'
  if (record === undefined) throw new Error('no record')
  for (let i = 0; i < RECORDS_KEPT; i++) {
    const id = `${digits[i >> 5]}${digits[i & 31]}${'z'.repeat(30)}` as typeof record.id
    records.put({ ...record, id, queued: record.queued - 1 - i })
  }
  t.equal(records.surplus().length, 5)
  records.close()
  t.strictSame(
    gone.toSorted(),
    works
      .slice(0, 2)
      .map((work) => `${join(directory, 'logs', workId(work))}.log: the oldest log (--log-size)`),
  )
  gone.length = 0
  const next = journalIn(t, { directory, onDeletion })
  run(next)
  t.equal(gone.length, 6, 'each record that goes is told')
  t.equal(next.list(RECORDS_KEPT + 10).length, RECORDS_KEPT)
})

void t.test('a log without a record, and one half-written, go at the next start', async (t) => {
  const directory = stateDirectory(t)
  const journal = journalIn(t, { directory })
  run(journal)
  await journal.close()
  await writeFile(join(directory, 'logs', `${'0'.repeat(32)}.log`), 'x')
  await writeFile(join(directory, 'logs', `${'1'.repeat(32)}.log.part`), 'x')
  await journalIn(t, { directory }).close()
  t.strictSame(await readdir(join(directory, 'logs')), [`${workId(BUILD)}.log`])
})

void t.test('where nothing can be written the work goes on, and it is said once', async (t) => {
  const directory = stateDirectory(t)
  const troubles: unknown[] = []
  const journal = journalIn(t, { directory, onTrouble: (error) => troubles.push(error) })
  const other = new DatabaseSync(join(directory, 'work.sqlite'))
  other.exec('DROP TABLE work')
  other.close()
  if (process.getuid?.() !== 0) await chmod(join(directory, 'logs'), 0)
  run(journal, FAILURE)
  await setTimeout(300)
  t.equal(troubles.length, 1)
  t.match(troubles[0], { kind: 'unavailable' })
})
