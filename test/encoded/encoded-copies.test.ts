import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { constants, zstdDecompressSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { parseDigest } from '../../src/core/oci/digest.ts'
import { RegistryError } from '../../src/core/errors/errors.ts'
import type { Deletion } from '../../src/core/deletion.ts'
import {
  EncodedCopies,
  type EncodedBlob,
  type EncodedCopiesOptions,
} from '../../src/encoded/encoded-copies.ts'
import { until } from '../e2e/until.ts'

const MEGABYTE = 1_000_000

type TestBlob = EncodedBlob & { readonly bytes: Buffer; readonly reads: () => number }

/** Text that zstd makes smaller, in chunks whose memory is used again. */
function blobOf(seed: string, size = 2 * MEGABYTE, fault?: Error): TestBlob {
  const line = createHash('sha512').update(seed).digest('hex')
  const lines = Array.from({ length: size / 130 }, (_, i) => `${line}${i % 97}`).join('')
  return blobWith(Buffer.from(lines).subarray(0, size), fault)
}

function blobWith(bytes: Buffer, fault?: Error): TestBlob {
  const { length: size } = bytes
  let reads = 0
  return {
    bytes,
    reads: () => reads,
    digest: parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`),
    size: bytes.length,
    read: async function* ({ start, end }) {
      reads += 1
      const chunk = Buffer.alloc(100_000)
      for (let at = start; at < end; at += chunk.length) {
        if (fault !== undefined && at > size / 2) throw fault
        const count = bytes.copy(chunk, 0, at, Math.min(end, at + chunk.length))
        yield chunk.subarray(0, count)
        chunk.fill(0)
      }
    },
  }
}

function open(t: Test, options: Partial<EncodedCopiesOptions> = {}) {
  const directory = options.directory ?? t.testdir({})
  const copies = new EncodedCopies({ directory, maxBytes: 10 * MEGABYTE, encoders: 2, ...options })
  t.teardown(async () => copies.close())
  return { copies, directory }
}

async function copied(chunks: AsyncGenerator<Uint8Array>): Promise<Buffer> {
  const own = async function* () {
    for await (const chunk of chunks) yield Buffer.from(chunk)
  }
  // The largest window that HTTP allows (RFC 9659, section 3).
  return zstdDecompressSync(await buffer(own()), { params: { [constants.ZSTD_d_windowLogMax]: 23 } })
}

async function demand(chunks: Promise<AsyncGenerator<Uint8Array> | undefined>) {
  const found = await chunks
  if (found === undefined) throw new Error('not encoded')
  return found
}

const whole = (directory: string) => readdirSync(directory).filter((name) => name.endsWith('.zst'))

void t.test('a layer is encoded once, for all who read it meanwhile and later', async (t) => {
  const { copies, directory } = open(t)
  const blob = blobOf('one')
  const both = await Promise.all([demand(copies.read(blob)), demand(copies.read(blob))])
  for (const bytes of await Promise.all(both.map(copied))) t.ok(bytes.equals(blob.bytes))
  t.ok((await copied(await demand(copies.read(blob)))).equals(blob.bytes), 'from the copy')
  t.equal(blob.reads(), 1)
  t.strictSame(whole(directory), [`${blob.digest.slice('sha256:'.length)}.zst`])
  t.ok(copies.bytes < blob.size / 2)

  writeFileSync(join(directory, `${'0'.repeat(64)}.999999999-1.part`), 'of a process that is dead')
  const next = open(t, { directory })
  t.ok((await copied(await demand(next.copies.read(blob)))).equals(blob.bytes), 'after a restart')
  t.equal(blob.reads(), 1)
  t.equal(readdirSync(directory).length, 1, 'what was not finished is removed')

  rmSync(join(directory, whole(directory)[0] ?? ''))
  t.ok((await copied(await demand(next.copies.read(blob)))).equals(blob.bytes), 'deleted by hand')
  t.equal(blob.reads(), 2)
})

void t.test('a client has the layer as it is where that is faster', async (t) => {
  const { copies, directory } = open(t)
  const blob = blobOf('fast')
  const [gigabit, tenGigabit] = [119_000, 1_190_000]
  t.equal(await copies.read(blob, tenGigabit), undefined)
  t.equal(whole(directory).length, 0)
  t.ok((await copied(await demand(copies.read(blob, gigabit)))).equals(blob.bytes))
  await until(async () => (copies.bytes > 0 ? true : undefined))
  t.ok((await copied(await demand(copies.read(blob, gigabit)))).equals(blob.bytes), 'from the copy')
  t.equal(await copies.read(blob, tenGigabit), undefined, 'although there is a copy')
})

void t.test('what went plain is copied for later clients, when nobody asks for layers', async (t) => {
  const { copies } = open(t, { encoders: 1, quietMs: 50 })
  const blobs = ['one', 'two', 'three'].map((seed) => blobOf(seed))
  const [first, ...others] = blobs
  if (first === undefined) throw new Error('no blob')
  const stalled = await demand(copies.read(first))
  for (const blob of others) t.equal(await copies.read(blob), undefined, 'the encoder is busy')
  t.ok((await copied(stalled)).equals(first.bytes))
  await until(async () => (others.every((blob) => blob.reads() === 1) ? true : undefined))
  for (const blob of blobs) {
    t.ok((await copied(await demand(copies.read(blob)))).equals(blob.bytes))
    t.equal(blob.reads(), 1, 'from the copy')
  }
})

void t.test('what is to be copied later waits for the only encoder', async (t) => {
  const { copies } = open(t, { encoders: 1, quietMs: 20 })
  const [slow, later] = [blobOf('slow'), blobOf('later')]
  const encoded = await demand(
    copies.read({
      ...slow,
      read: async function* (range) {
        await delay(300)
        yield* slow.read(range)
      },
    }),
  )
  t.equal(await copies.read(later), undefined)
  await copied(encoded)
  await until(async () => (later.reads() === 1 ? true : undefined))
})

void t.test('no copy is made later while clients ask for layers', async (t) => {
  const { copies } = open(t, { encoders: 1, quietMs: 400 })
  const [known, later] = [blobOf('known'), blobOf('later')]
  await copied(await demand(copies.read(known)))
  copies.copyLater(later)
  for (let i = 0; i < 10; i++) {
    await delay(100)
    await copied(await demand(copies.read(known)))
  }
  t.equal(later.reads(), 0)
  await until(async () => (later.reads() === 1 ? true : undefined))
})

void t.test('a program that is there twice is encoded once', async (t) => {
  const { copies } = open(t)
  const program = randomBytes(3 * MEGABYTE)
  const twice = blobWith(Buffer.concat([program, Buffer.alloc(4 * MEGABYTE), program]))
  t.ok((await copied(await demand(copies.read(twice)))).equals(twice.bytes))
  await until(async () => (copies.bytes > 0 ? true : undefined))
  t.ok(copies.bytes < 1.01 * program.length, `${copies.bytes}`)
})

void t.test('a client that stalls holds no encoder', async (t) => {
  const { copies } = open(t, { encoders: 1 })
  const first = blobOf('stalled')
  const stalled = await demand(copies.read(first))
  await stalled.next()
  await until(async () => (copies.bytes > 0 ? true : undefined))
  const other = blobOf('other')
  t.ok((await copied(await demand(copies.read(other)))).equals(other.bytes))
  await stalled.return(undefined)
})

void t.test('without a free encoder, layers go as they are', async (t) => {
  const { copies } = open(t, { encoders: 1 })
  const [one, two] = [blobOf('busy'), blobOf('waiting')]
  const first = await demand(copies.read(one))
  t.equal(await copies.read(two), undefined)
  t.ok((await copied(first)).equals(one.bytes))
  await until(async () => (copies.bytes > 0 ? true : undefined))
  t.ok((await copied(await demand(copies.read(two)))).equals(two.bytes))
})

void t.test('copies stay within the limit, the least recently used going first', async (t) => {
  const deletions: Deletion[] = []
  const { copies, directory } = open(t, {
    maxBytes: 100_000,
    onDeletion: (deletion) => deletions.push(deletion),
  })
  t.equal(await copies.read(blobOf('large')), undefined, 'one that would push out all others')
  const blobs = ['a', 'b', 'c'].map((seed) => blobOf(seed, 150_000))
  for (const blob of blobs) t.ok((await copied(await demand(copies.read(blob)))).equals(blob.bytes))
  await until(async () => (copies.bytes > 0 ? true : undefined))
  const small = open(t, {
    directory,
    maxBytes: copies.bytes - 1,
    onDeletion: (deletion) => deletions.push(deletion),
  })
  await until(async () => (whole(directory).length === 2 ? true : undefined))
  t.ok(small.copies.bytes < copies.bytes)
  t.match(deletions, [{ target: join(directory, `${blobs[0]?.digest.slice(7)}.zst`), isDone: true }])
})

void t.test('a store that changed cuts its readers, and nothing else', async (t) => {
  const { copies, directory } = open(t)
  const changed = new RegistryError('unavailable', 'store file changed its size')
  await t.rejects(copied(await demand(copies.read(blobOf('broken', 2 * MEGABYTE, changed)))), changed)
  await until(async () => (readdirSync(directory).length === 0 ? true : undefined))
  const other = blobOf('other')
  t.ok((await copied(await demand(copies.read(other)))).equals(other.bytes))
})

void t.test('where no copy can be written, layers go as they are for a while', async (t) => {
  const errors: unknown[] = []
  const { copies, directory } = open(t, { onTrouble: (error) => errors.push(error) })
  rmSync(directory, { recursive: true })
  writeFileSync(directory, 'a file in its place')
  t.equal(await copies.read(blobOf('one')), undefined)
  t.equal(await copies.read(blobOf('two')), undefined)
  t.equal(errors.length, 1)
})

void t.test('a limit of 0 removes copies of earlier runs', async (t) => {
  const directory = t.testdir({ ['a'.repeat(64) + '.zst']: 'old' })
  open(t, { directory, maxBytes: 0 })
  t.notOk(existsSync(directory))
})
