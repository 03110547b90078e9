import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { GrowingFile } from '../../src/encoded/growing-file.ts'
import { until } from '../e2e/until.ts'

const PIECE = 300_000

const pieces = Array.from({ length: 20 }, (_, i) => Buffer.alloc(PIECE, i + 1))
const all = Buffer.concat(pieces)

async function grow(t: Test) {
  const directory = t.testdir({})
  const path = join(directory, 'part')
  const file = await GrowingFile.create(path)
  t.teardown(async () => file.close().catch(() => undefined))
  return { file, path, directory }
}

async function rest(chunks: AsyncGenerator<Uint8Array>): Promise<Buffer> {
  const got: Buffer[] = []
  for await (const chunk of chunks) got.push(Buffer.from(chunk))
  return Buffer.concat(got)
}

void t.test('each reader gets all bytes, wherever it is when they are appended', async (t) => {
  const { file, directory } = await grow(t)
  const early = rest(file.read())
  const slow = file.read()
  const slowFirst = slow.next()
  for (const piece of pieces.slice(0, 15)) await file.append(piece)
  const { value: first } = await slowFirst
  const held = Buffer.from(first as Uint8Array)
  const late = rest(file.read())
  for (const piece of pieces.slice(15)) await file.append(piece)
  await file.finish(join(directory, 'whole'))
  t.ok((await early).equals(all))
  t.ok((await late).equals(all))
  t.ok(Buffer.concat([held, await rest(slow)]).equals(all), 'after the file has its name')
  t.ok(readFileSync(join(directory, 'whole')).equals(all))
})

void t.test('a reader that comes while the file gets its final name', async (t) => {
  const { file, directory } = await grow(t)
  await file.append(all)
  const before = file.read()
  const finished = file.finish(join(directory, 'whole'))
  const readers = Array.from({ length: 20 }, async () => rest(file.read()))
  await finished
  for (const bytes of await Promise.all([...readers, rest(before)])) t.ok(bytes.equals(all))
  t.ok((await rest(file.read())).equals(all))
})

void t.test('a reader that keeps up is served from memory', async (t) => {
  const { file, path } = await grow(t)
  const reader = file.read()
  await file.append(Buffer.from('first'))
  t.equal(Buffer.from((await reader.next()).value as Uint8Array).toString(), 'first')
  await until(async () => (readFileSync(path).length === 'first'.length ? true : undefined))
  await file.append(Buffer.from('second'))
  await until(async () => (readFileSync(path).length === 'firstsecond'.length ? true : undefined))
  // Only a reader of the file would see this.
  writeFileSync(path, 'firstSECOND')
  t.equal(Buffer.from((await reader.next()).value as Uint8Array).toString(), 'second')
  await reader.return(undefined)
})

void t.test('a failure reaches all readers, and nothing stays', async (t) => {
  const { file, directory } = await grow(t)
  const error = new Error('the store changed')
  const cut = t.rejects(rest(file.read()), error)
  await file.append(pieces[0] ?? all)
  await file.fail(error)
  await cut
  t.strictSame(readdirSync(directory), [])
})

void t.test('a disk that fails ends the writer', async (t) => {
  const { file, directory } = await grow(t)
  await file.close()
  await file.append(pieces[0] ?? all)
  await t.rejects(file.finish(join(directory, 'whole')), { code: 'EBADF' })
})
