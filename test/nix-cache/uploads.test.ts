import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Deletion, DeletionListener } from '../../src/core/deletion.ts'
import { base32Sha256 } from '../../src/core/oci/sha256.ts'
import { Uploads, parseUploadName, type UploadLimits, type UploadName } from '../../src/nix-cache/uploads.ts'
import { sha256 } from '../support/nar.ts'
import { temporaryDirectory } from '../support/scope.ts'

const LIMITS: UploadLimits = { fileBytes: 100, totalBytes: 250, files: 10, ageMs: 60_000 }
const nameOf = (bytes: Uint8Array): UploadName => parseUploadName(`${base32Sha256(sha256(bytes))}.nar.xz`)
const bytesOf = (length: number, fill: number) => Buffer.alloc(length, fill)

async function* chunks(...pieces: readonly Uint8Array[]) {
  yield* pieces
}

async function makeUploads(t: Test, limits: UploadLimits = LIMITS, onDeletion?: DeletionListener) {
  const directory = join(await temporaryDirectory(t, 'uploads'), 'uploads')
  const uploads = new Uploads(directory, limits, onDeletion)
  t.teardown(() => uploads.close())
  return { directory, uploads }
}

void t.test('names are those that Nix gives', async (t) => {
  const digits = base32Sha256(sha256('x'))
  for (const end of ['', '.xz', '.zst', '.bz2', '.lzip'])
    t.match(parseUploadName(`${digits}.nar${end}`), { file: `${digits}.nar${end}`, hash: sha256('x') })
  for (const name of [
    '',
    digits,
    `${digits}.nar.`,
    `${digits}.nar.xz.xz`,
    `${digits}.narinfo`,
    `${digits.slice(1)}.nar`,
    `e${digits.slice(1)}.nar`,
    `../${digits}.nar`,
    `${digits}.nar/../../x`,
  ])
    t.throws(() => parseUploadName(name), { kind: 'malformed', message: /is uploaded as/ }, name)
})

void t.test('an upload stays until it was used', async (t) => {
  const { directory, uploads } = await makeUploads(t)
  const bytes = bytesOf(90, 1)
  const name = nameOf(bytes)
  t.notOk(uploads.has(name))
  await t.rejects(
    uploads.use(name, async () => undefined),
    { kind: 'malformed', message: /not uploaded before/ },
  )
  for (let twice = 0; twice < 2; twice++)
    await uploads.put(name, chunks(bytes.subarray(0, 40), bytes.subarray(40)))
  t.ok(uploads.has(name))
  t.strictSame(await readdir(directory), [name.file])
  await uploads.use(name, async (file, size) => {
    t.equal(size, 90)
    t.ok((await readFile(file)).equals(bytes))
  })
})

void t.test('an upload that nobody claims is told, one that was imported is not', async (t) => {
  const left: Deletion[] = []
  const { uploads } = await makeUploads(t, { ...LIMITS, ageMs: 0 }, (deletion) => left.push(deletion))
  const [first, last] = [bytesOf(20, 1), bytesOf(20, 2)]
  await uploads.put(nameOf(first), chunks(first))
  await setTimeout(2)
  await uploads.put(nameOf(last), chunks(last))
  t.match(left, [{ target: `nar/${nameOf(first).file}`, reason: /no narinfo/, isDone: true }])
})

void t.test('a refused upload leaves nothing', async (t) => {
  const { directory, uploads } = await makeUploads(t)
  const bytes = bytesOf(50, 1)
  async function* broken() {
    yield bytes
    throw new Error('the client left')
  }
  for (const [body, expected] of [
    [() => chunks(bytes, bytes), { message: /other bytes than its name says/ }],
    [() => chunks(bytes.subarray(1)), { message: /other bytes/ }],
    [() => chunks(), { message: /other bytes/ }],
    [() => chunks(bytesOf(101, 1)), { kind: 'too-large', message: /at most 100 bytes/ }],
    [broken, { message: /the client left/ }],
  ] as const) {
    await t.rejects(uploads.put(nameOf(bytes), body()), expected)
    t.strictSame(await readdir(directory), [])
  }
  for (const fill of [1, 2]) await uploads.put(nameOf(bytesOf(100, fill)), chunks(bytesOf(100, fill)))
  t.pass('and no room is lost to it')
})

void t.test('bounds', async (t) => {
  await t.test('on bytes: what was imported makes room, what waits does not', async (t) => {
    const { directory, uploads } = await makeUploads(t)
    const all = [1, 2, 3].map((fill) => bytesOf(100, fill))
    const [one = bytesOf(0, 0), two = one, three = one] = all
    await uploads.put(nameOf(one), chunks(one))
    await uploads.put(nameOf(two), chunks(two))
    const third = () => uploads.put(nameOf(three), chunks(three))
    await t.rejects(third(), { kind: 'no-space', message: /all the room/ })
    uploads.wasImported(nameOf(two))
    t.ok(uploads.has(nameOf(two)), 'it stays while there is room')
    await third()
    t.same((await readdir(directory)).sort(), [one, three].map((bytes) => nameOf(bytes).file).sort())
  })
  await t.test('on the number of files', async (t) => {
    const { uploads } = await makeUploads(t, { ...LIMITS, files: 2 })
    const put = (fill: number) => uploads.put(nameOf(bytesOf(1, fill)), chunks(bytesOf(1, fill)))
    await put(1)
    await put(2)
    await t.rejects(put(3), { kind: 'no-space', message: /too many/ })
  })
  await t.test('on age', async (t) => {
    const { directory, uploads } = await makeUploads(t, { ...LIMITS, ageMs: 20 })
    await uploads.put(nameOf(bytesOf(9, 1)), chunks(bytesOf(9, 1)))
    await setTimeout(30)
    await uploads.put(nameOf(bytesOf(9, 2)), chunks(bytesOf(9, 2)))
    t.strictSame(await readdir(directory), [nameOf(bytesOf(9, 2)).file])
  })
})

void t.test('nothing survives the process, however it ended', async (t) => {
  const { directory, uploads } = await makeUploads(t)
  await writeFile(join(directory, 'left-over'), 'x')
  const next = new Uploads(directory, LIMITS)
  t.strictSame(await readdir(directory), [])
  await next.put(nameOf(bytesOf(9, 1)), chunks(bytesOf(9, 1)))
  next.close()
  uploads.close()
  await t.rejects(readdir(directory))
})
