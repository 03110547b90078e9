import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import t from 'tap'
import { asByteString } from '../../src/core/byte-string.ts'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import type { Chunk } from '../../src/layer/chunk.ts'
import { CHUNK_SIZE, ReadAhead } from '../../src/layer/read-ahead.ts'

const directory = mkdtempSync(join(tmpdir(), 'read-ahead-'))
t.teardown(() => rmSync(directory, { recursive: true }))

/** More than one thread may have offered at once. */
const MANY = 20
let count = 0

/** Files of a chunk each, and the chunks. */
function chunksOfFiles(length: number) {
  const files = Array.from({ length }, (_, i) => {
    const path = join(directory, `file-${count++}`)
    writeFileSync(path, `content ${String(i).padStart(2, '0')}`)
    return path
  })
  const chunks = files.map((path, i): Chunk => {
    const head = { kind: 'bytes', bytes: Buffer.from(`head ${i}, `) } as const
    const file = { kind: 'file', path: asByteString(path), offset: 0, length: 10, fileSize: 10 } as const
    return { segments: [head, file], length: head.bytes.length + file.length }
  })
  const texts = files.map((_, i) => `head ${i}, content ${String(i).padStart(2, '0')}`)
  return { files, chunks, texts }
}

/** Two that know each other, as two threads do. Here each acts only while the other waits. */
async function pair(t: { readonly teardown: (end: () => void) => void }) {
  const { port1, port2 } = new MessageChannel()
  const [one, other] = [new ReadAhead(), new ReadAhead()]
  one.meet(port1)
  other.meet(port2)
  t.teardown(() => port1.close())
  await turns()
  return { one, other }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await setImmediate()
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

void t.test('a thread alone reads all chunks in their order', async (t) => {
  const { chunks, texts } = chunksOfFiles(MANY)
  const found: string[] = []
  for (const bytes of new ReadAhead().read(chunks, SYSTEM_STORE)) found.push(text(bytes))
  t.strictSame(found, texts)
})

void t.test('chunks that another thread read are not read again', async (t) => {
  const { one } = await pair(t)
  const { files, chunks, texts } = chunksOfFiles(MANY)
  const found: string[] = []
  for (const bytes of one.read(chunks, SYSTEM_STORE)) {
    found.push(text(bytes))
    await turns()
    // What comes next was read meanwhile, and what was not offered yet is still there.
    rmSync(files[found.length] ?? '', { force: true })
  }
  t.strictSame(found, texts)
})

void t.test('a thread with a layer of its own is offered nothing', async (t) => {
  const { one, other } = await pair(t)
  const { files, chunks } = chunksOfFiles(2)
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const working = other.working(() => promise)
  const read = one.read(chunks, SYSTEM_STORE)
  read.next()
  await turns()
  rmSync(files[1] ?? '')
  t.throws(() => read.next(), { name: 'RegistryError', kind: 'unavailable' })
  resolve(undefined)
  await working
})

void t.test('offers that were taken back are not read later, when their memory is used again', async (t) => {
  const { one } = await pair(t)
  const first = chunksOfFiles(MANY)
  const second = chunksOfFiles(MANY)
  // None of the offers is heard meanwhile.
  t.equal([...one.read(first.chunks, SYSTEM_STORE)].length, MANY)
  const found: string[] = []
  for (const bytes of one.read(second.chunks, SYSTEM_STORE)) {
    await turns()
    found.push(text(bytes))
  }
  t.strictSame(found, second.texts)
})

void t.test(
  'a file that another thread could not read fails with its reason, and later layers succeed',
  async (t) => {
    const { one } = await pair(t)
    const { files, chunks, texts } = chunksOfFiles(MANY)
    writeFileSync(files[3] ?? '', 'another size')
    const found: string[] = []
    await t.rejects(
      async () => {
        for (const bytes of one.read(chunks, SYSTEM_STORE)) {
          await turns()
          found.push(text(bytes))
        }
      },
      { name: 'RegistryError', kind: 'unavailable', message: /changed its size/ },
    )
    t.strictSame(found, texts.slice(0, 3))
    for (let i = 0; i < 3; i++) {
      const again = chunksOfFiles(MANY)
      const read: string[] = []
      for (const bytes of one.read(again.chunks, SYSTEM_STORE)) read.push(text(bytes))
      t.strictSame(read, again.texts)
    }
  },
)

void t.test('layers at once in one thread, more than have room ahead', async (t) => {
  const reader = new ReadAhead()
  const layers = Array.from({ length: 3 }, () => chunksOfFiles(MANY))
  const running = layers.map(({ chunks }) => reader.read(chunks, SYSTEM_STORE))
  const found = layers.map((): string[] => [])
  for (let i = 0; i < MANY; i++) {
    for (const [j, read] of running.entries()) {
      const { value } = read.next()
      if (value !== undefined) found[j]?.push(text(value))
    }
  }
  t.strictSame(
    found,
    layers.map(({ texts }) => texts),
  )
})

void t.test('a chunk fills its memory', async (t) => {
  const path = join(directory, 'large')
  writeFileSync(path, Buffer.alloc(CHUNK_SIZE, 'x'))
  const { one } = await pair(t)
  const file = { path: asByteString(path), offset: 0, length: CHUNK_SIZE, fileSize: CHUNK_SIZE }
  const chunk: Chunk = { segments: [{ kind: 'file', ...file }], length: CHUNK_SIZE }
  for (const bytes of one.read([chunk, chunk], SYSTEM_STORE)) {
    await turns()
    t.ok(Buffer.alloc(CHUNK_SIZE, 'x').equals(bytes))
  }
})
