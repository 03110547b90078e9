import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import t from 'tap'
import { archiveFiles } from '../../src/archive/archive-files.ts'
import {
  BrokenPipe,
  OutputError,
  findPlace,
  writeArchive,
  writeDirectory,
  type Place,
} from '../../src/archive/output.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { fakeExport, readFrom } from './fake-images.ts'

const never = new AbortController().signal
const TEXT = Array.from({ length: 3000 }, (_, i) => `line ${i}\n`).join('')

/** As the store is read: the memory of a chunk is used again when the next is asked for. */
async function* chunks(text = TEXT, failure?: Error): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(1000)
  for (let at = 0; at < text.length; at += memory.length) {
    yield memory.subarray(0, memory.write(text.slice(at, at + memory.length)))
    memory.fill('!')
  }
  if (failure !== undefined) throw failure
}

function demandArchive(place: Place): Exclude<Place, { kind: 'directory' }> {
  if (place.kind === 'directory') throw new Error('a directory')
  return place
}

async function fileAt(path: string, isForced = false) {
  return demandArchive(await findPlace(path, false, isForced))
}

void t.test('a file: whole, or as it was', async (t) => {
  const directory = await temporaryDirectory(t, 'output')
  const path = join(directory, 'image.tar')
  await writeArchive(await fileAt(path), chunks(), undefined, never)
  t.equal(await readFile(path, 'utf8'), TEXT)
  await t.rejects(fileAt(path), {
    constructor: OutputError,
    message: `${path}: is there already (--force replaces it)`,
  })

  await t.rejects(
    writeArchive(await fileAt(path, true), chunks('other', new Error('broke')), undefined, never),
    /broke/,
  )
  t.equal(await readFile(path, 'utf8'), TEXT, 'a failure leaves what was there')
  const stop = new AbortController()
  const endless = async function* () {
    yield Buffer.from('some')
    stop.abort(new Error('interrupted'))
    await delay(50)
  }
  await t.rejects(writeArchive(await fileAt(path, true), endless(), undefined, stop.signal), /interrupted/)
  t.strictSame(await readdir(directory), ['image.tar'], 'and nothing beside it')

  await symlink(path, join(directory, 'link'))
  await writeArchive(await fileAt(join(directory, 'link'), true), chunks('new'), undefined, never)
  t.equal(await readFile(path, 'utf8'), 'new', 'what a link leads to is replaced, not the link')
})

void t.test('compressed', async (t) => {
  const directory = await temporaryDirectory(t, 'output')
  for (const [encoding, decompress] of [
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
  ] as const) {
    const path = join(directory, encoding)
    await writeArchive(await fileAt(path), chunks(), encoding, never)
    t.equal(decompress(readFileSync(path)).toString(), TEXT, encoding)
  }
})

void t.test('a directory: whole, or as it was', async (t) => {
  const base = await temporaryDirectory(t, 'output')
  const path = join(base, 'layout')
  const files = archiveFiles([fakeExport('greeter:1', 'base', TEXT)], 'oci')
  const write = async (read = readFrom('base', TEXT), isForced = false) => {
    const place = await findPlace(path, true, isForced)
    if (place.kind === 'directory') await writeDirectory(place, files, read, never)
  }
  await mkdir(path)
  await write()
  t.strictSame(
    (await readdir(path)).sort(),
    ['blobs', 'index.json', 'oci-layout'],
    'an empty one is as good as none',
  )
  for (const { name, size } of files) t.equal((await readFile(join(path, name))).length, size, name)
  t.ok((await Promise.all(files.map(async ({ name }) => readFile(join(path, name), 'utf8')))).includes(TEXT))

  await t.rejects(write(), /is there already \(--force replaces it\)/)
  await writeFile(join(path, 'left-over'), '')
  await t.rejects(write(failing, true), /broke/)
  t.ok((await readdir(path)).includes('left-over'), 'a failure leaves what was there')
  await write(undefined, true)
  t.notOk((await readdir(path)).includes('left-over'), 'replaced as a whole')
  t.strictSame(await readdir(base), ['layout'])
})

void t.test('places that are refused before anything is built', async (t) => {
  const base = await temporaryDirectory(t, 'output')
  await mkdir(join(base, 'home'))
  await writeFile(join(base, 'home/notes'), '')
  await writeFile(join(base, 'file'), '')
  for (const [path, isDirectory, message] of [
    ['home', false, /is a directory \(--format oci writes one\)/],
    ['home', true, /never replaced/],
    ['file', true, /is no directory/],
    ['nowhere/image.tar', false, /no such directory/],
    ['file/image.tar', false, /not below a directory/],
    ['nowhere/layout', true, /no such directory/],
  ] as const) {
    await t.rejects(
      findPlace(join(base, path), isDirectory, true),
      { constructor: OutputError, message },
      path,
    )
  }
})

void t.test('a named pipe, and what can’t be written', async (t) => {
  const directory = await temporaryDirectory(t, 'output')
  const pipe = join(directory, 'pipe')
  execFileSync('mkfifo', [pipe])
  const read = readFile(pipe, 'utf8')
  await writeArchive(await fileAt(pipe), chunks(), undefined, never)
  t.equal(await read, TEXT)
  await t.rejects(writeArchive(await fileAt('/dev/full'), chunks(), undefined, never), {
    constructor: OutputError,
    message: '/dev/full: cannot be written: no space left on the disk',
  })
})

void t.test('a reader that leaves', async (t) => {
  const stream = new PassThrough()
  stream.once('data', () => stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })))
  await t.rejects(writeArchive({ kind: 'stream', stream, name: 'out' }, chunks(), undefined, never), {
    constructor: BrokenPipe,
    message: 'out',
  })
})

async function* failing() {
  yield Buffer.of(1)
  throw new Error('broke')
}
