import { mkdir, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pLimit from 'p-limit'
import t, { type Test } from 'tap'
import type { Deletion } from '../../../src/core/deletion.ts'
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import { parseCacheUrl } from '../../../src/store/cache/binary-cache/cache-url.ts'
import { awsEnvironment } from '../../../src/store/cache/s3/aws-environment.ts'
import type { CacheStore } from '../../../src/store/cache/cache-store.ts'
import { openCacheStore, type CacheStoreSettings } from '../../../src/store/cache/open-cache-store.ts'
import type { StoreEvent } from '../../../src/store/store.ts'
import { storePath } from '../../store-path.ts'
import { serveCache } from '../../support/binary-cache.ts'
import { nar, strings, type Tree } from '../../support/nar.ts'
import { testFetchingStore } from '../store-conformance.ts'
import { MADE_KEY, makeCache, type MadePath } from './made-cache.ts'

const numbered = (number: number, name = 'path'): StorePath =>
  storePath(`${String(number).padStart(32, '0')}-${name}`)
const [ROOT, REFERENCE, CACHED] = [numbered(1, 'root'), numbered(2, 'reference'), numbered(3, 'cached')]
const TREE: Tree = {
  directory: [
    ['.hidden', { file: '' }],
    ['Case', { file: 'upper' }],
    ['bin', { directory: [['program', { file: 'x'.repeat(300_000), executable: true }]] }],
    ['case', { file: 'lower' }],
    ['link', { symlink: `${REFERENCE}/x` }],
  ],
}
const PATHS: readonly MadePath[] = [
  { path: ROOT, tree: TREE, references: [REFERENCE, ROOT] },
  { path: REFERENCE, tree: { file: 'reference' } },
  { path: CACHED, tree: { file: 'cached' } },
]
const ignore = (): void => undefined

function open(
  t: Test,
  caches: readonly string[],
  directory: string,
  more: Partial<CacheStoreSettings> = {},
): CacheStore {
  const store = openCacheStore({
    directory,
    caches: caches.flatMap((url) => parseCacheUrl(url) ?? []),
    trustedKeys: [MADE_KEY],
    requiresSignature: true,
    maxBytes: 1e9,
    netrcFile: undefined,
    authoritiesFile: undefined,
    aws: awsEnvironment({ AWS_EC2_METADATA_DISABLED: 'true' }),
    ...more,
  })
  t.teardown(() => store.close())
  return store
}

function named(name: string): Tree {
  return { directory: [['name', { file: name.padEnd(2000) }]] }
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(ignore, (error: unknown) => error)
}

void t.test('the cache store is a store', async (t) => {
  const base = t.testdir({})
  const paths = PATHS.map((made) => (made.path === ROOT ? { ...made, references: [REFERENCE] } : made))
  const store = open(t, [await makeCache(join(base, 'cache'), paths)], join(base, 'store'))
  await store.fetch(ROOT, ignore)
  await testFetchingStore(t, store, { root: ROOT, reference: REFERENCE, cached: CACHED })
})

void t.test('trees are unpacked as they are, from every compression', async (t) => {
  for (const compression of ['none', 'xz', 'zstd', 'gzip', 'br', 'bzip2', 'lz4']) {
    const base = t.testdir({})
    const made = PATHS.map((each) => ({ ...each, compression }))
    const store = open(t, [await makeCache(join(base, 'cache'), made)], join(base, 'store'))
    await store.fetch(ROOT, ignore)
    const at = join(base, 'store', ROOT.slice('/nix/store/'.length))
    t.strictSame((await readdir(at)).sort(), ['.hidden', 'Case', 'bin', 'case', 'link'], compression)
    t.equal(await readFile(join(at, 'Case'), 'utf8'), 'upper')
    t.equal(await readlink(join(at, 'link')), `${REFERENCE}/x`)
    t.equal((await stat(join(at, 'bin/program'))).mode & 0o111, 0o100)
    t.equal((await stat(join(at, 'bin/program'))).size, 300_000)
    t.equal((await stat(join(at, 'case'))).mode & 0o111, 0)
    t.strictSame(await readdir(join(base, 'store/.partial')), [])
  }
})

void t.test('a restart keeps what is whole, and nothing else', async (t) => {
  const base = t.testdir({})
  const [cache, directory] = [await makeCache(join(base, 'cache'), PATHS), join(base, 'store')]
  const store = open(t, [cache], directory)
  await store.fetch(ROOT, ignore)
  await store.fetch(CACHED, ignore)
  store.close()
  const left = join(directory, '.partial', 'x.7')
  await mkdir(left)
  await writeFile(join(left, 'half'), '')
  await rm(join(directory, REFERENCE.slice('/nix/store/'.length)))
  await mkdir(join(directory, numbered(9).slice('/nix/store/'.length)))

  const again = open(t, [cache], directory)
  t.strictSame(await readdir(join(directory, '.partial')), [])
  const kept = (await readdir(directory)).filter((name) => !name.startsWith('.'))
  t.strictSame(kept, [CACHED.slice('/nix/store/'.length)], 'what is not valid takes no space')
  t.equal(await again.isValid(CACHED), true)
  t.equal(await again.isValid(ROOT), false, 'one that needs what is gone')
  t.equal(await again.isValid(numbered(9)), false, 'one that nobody knows')
  await again.fetch(ROOT, ignore)
  t.equal((await again.closure(ROOT)).length, 2)
})

const LIES: readonly (readonly [name: string, lie: Partial<MadePath>, message: RegExp])[] = [
  ['another content', { archive: nar({ file: 'Cached' }) }, /SHA-256/],
  [
    'more bytes',
    { archive: Buffer.concat([nar({ file: 'cached' }), Buffer.alloc(8)]) },
    /more than the promised/,
  ],
  ['fewer bytes', { archive: nar({ file: 'cached' }).subarray(0, -8) }, /were promised/],
  [
    'a bomb',
    { compression: 'xz', archive: Buffer.alloc(50_000_000) },
    /not a Nix archive|more than the promised/,
  ],
  ['no signature', { isSigned: false }, /not signed/],
  [
    'a signature of something else',
    { narinfo: { signatures: ['made-1:AAAA'] } },
    /no such key is trusted|made-1/,
  ],
  ['another path', { narinfo: { storePath: numbered(8) } }, /it answers with/],
  ['a reference that nobody has', { references: [numbered(7, 'gone')] }, /no binary cache has .*7-gone/],
  ['itself by way of another', { references: [numbered(6, 'circle')] }, /refers to itself/],
  ['an archive elsewhere', { narinfo: { url: '../../etc/passwd' } }, /outside of the cache/],
  ['another compression', { narinfo: { compression: 'lzip' } }, /compressed as lzip/],
  ['broken compression', { narinfo: { compression: 'zstd' } }, /./],
  [
    'a name that leads out',
    {
      archive: Buffer.concat([
        strings('nix-archive-1', '(', 'type', 'directory'),
        strings('entry', '(', 'name', '..', 'node', '(', 'type', 'directory', ')', ')', ')'),
      ]),
      narinfo: { narSize: 1000 },
    },
    /can't be named/,
  ],
  [
    'a name with a slash',
    {
      archive: Buffer.concat([
        strings('nix-archive-1', '(', 'type', 'directory'),
        strings('entry', '(', 'name', 'a/b', 'node', '(', 'type', 'directory', ')', ')', ')'),
      ]),
      narinfo: { narSize: 1000 },
    },
    /can't be named/,
  ],
]

void t.test('a cache that lies changes nothing, and the next one is taken', async (t) => {
  for (const [name, lie, message] of LIES) {
    const base = t.testdir({})
    const circle = { path: numbered(6, 'circle'), tree: { file: '' }, references: [CACHED] }
    const made = { path: CACHED, tree: { file: 'cached' }, ...lie }
    const lying = await makeCache(join(base, 'lying'), [made, circle], 10)
    const store = open(t, [lying], join(base, 'store'))
    t.match(await failure(store.fetch(CACHED, ignore)), { kind: 'fetch-failed', message }, name)
    t.equal(await store.isValid(CACHED), false)
    t.strictSame((await readdir(join(base, 'store'))).sort(), ['.info', '.lock', '.partial'], name)
    t.strictSame(await readdir(join(base, 'store/.partial')), [], name)
    if (lie.references !== undefined) continue
    const honest = await makeCache(join(base, 'honest'), PATHS, 20)
    const other = open(t, [lying, honest], join(base, 'other'))
    await other.fetch(CACHED, ignore)
    t.equal(await other.isValid(CACHED), true, name)
  }
})

void t.test('a signature need not be there where that is said', async (t) => {
  const base = t.testdir({})
  const made = PATHS.map((each) => ({ ...each, isSigned: false }))
  const cache = await makeCache(join(base, 'cache'), made)
  await open(t, [`${cache}?trusted=true`], join(base, 'a')).fetch(ROOT, ignore)
  await open(t, [cache], join(base, 'b'), { requiresSignature: false }).fetch(ROOT, ignore)
  const strict = open(t, [cache], join(base, 'c'))
  t.match(await strict.missing([{ kind: 'fetch', path: CACHED }]), { willSubstitute: [CACHED] })
  t.match(await failure(strict.fetch(CACHED, ignore)), { message: /not signed.*asked: file:/ })
})

void t.test('the preferred cache is taken', async (t) => {
  const base = t.testdir({})
  const [first, second] = [
    await makeCache(join(base, 'first'), PATHS, 50),
    await makeCache(join(base, 'second'), PATHS, 30),
  ]
  const taken = async (...urls: readonly string[]) => {
    const events: StoreEvent[] = []
    const store = open(t, urls, join(base, `store-${urls.join().length}-${Math.random()}`))
    await store.fetch(CACHED, (event) => void events.push(event))
    return events.flatMap((event) => (event.kind === 'substituting' ? [event.cache] : []))
  }
  t.strictSame(await taken(first, second), [second])
  t.strictSame(await taken(`${first}?priority=1`, second), [first])
  t.strictSame(await taken('file:///nonexistent', 'http://127.0.0.1:1', first), [first])
})

void t.test('a cut is mended, by Range or without', async (t) => {
  for (const hasRanges of [true, false]) {
    const base = t.testdir({})
    const content = Buffer.alloc(3_000_000, 'abcdefg')
    await makeCache(join(base, 'cache'), [{ path: CACHED, tree: { file: content } }])
    const ranges: (string | undefined)[] = []
    const cache = await serveCache(t, join(base, 'cache'), ({ url, bytes }, response) => {
      if (!url.startsWith('/nar/')) return 'as usual'
      const { range } = response.req.headers
      ranges.push(range)
      const start = hasRanges && range !== undefined ? Number(/\d+/.exec(range)?.[0]) : 0
      response.writeHead(start === 0 ? 200 : 206, {
        'Content-Length': bytes.length - start,
        ...(start === 0 ? {} : { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
      })
      const end = ranges.length < 3 ? start + 1_000_000 : bytes.length
      response.write(bytes.subarray(start, end), () => ranges.length < 3 && response.destroy())
      if (ranges.length >= 3) response.end()
    })
    const store = open(t, [cache.url], join(base, 'store'))
    await store.fetch(CACHED, ignore)
    t.equal(ranges.length, 3)
    t.match(ranges, [undefined, /^bytes=\d+-$/, /^bytes=\d+-$/])
    t.equal((await readFile(join(base, 'store', CACHED.slice(11)))).compare(content), 0)
  }
})

void t.test('the least recently used go, and never what is held', async (t) => {
  const base = t.testdir({})
  const tree: Tree = { file: 'x'.repeat(1000) }
  const many = Array.from({ length: 6 }, (_, i) => numbered(20 + i))
  const [a, b, c, d, e, base1] = many
  if (!a || !b || !c || !d || !e || !base1) return
  const made = [
    { path: a, tree, references: [base1] },
    { path: b, tree, references: [base1] },
    ...[c, d, e, base1].map((path) => ({ path, tree })),
  ]
  const size = nar(tree).length
  const cache = await makeCache(join(base, 'cache'), made)
  const left: Deletion[] = []
  const onDeletion = (deletion: Deletion) => void left.push(deletion)
  const store = open(t, [cache], join(base, 'store'), { maxBytes: 4 * size, onDeletion })
  const held = await store.openRoots()
  await held.add(b)
  for (const path of [a, b, c]) await store.fetch(path, ignore)
  await store.fetch(d, ignore)
  t.strictSame(await store.valid(many), [b, c, d, base1], 'a is the oldest that may go')
  await store.fetch(e, ignore)
  t.strictSame(await store.valid(many), [b, d, e, base1])
  await held.add(d)
  await held.add(e)
  t.match(await failure(store.fetch(c, ignore)), { kind: 'no-space', message: /--store-size/ })
  held.close()
  await store.fetch(c, ignore)
  t.strictSame(await store.valid(many), [c, d, e, base1], 'b goes first, though base1 is as old')
  t.strictSame(
    left.map(({ target }) => target),
    [a, c, b],
    'each that goes is told',
  )
  t.match(left[0], { reason: /--store-size/, isDone: true })
})

void t.test('paths go beside a hundred pulls, and never from under one', async (t) => {
  const base = t.testdir({})
  const shared = numbered(90, 'shared')
  const images = Array.from({ length: 20 }, (_, i) => numbered(60 + i, `image-${i}`))
  const made = images.map((path) => ({ path, tree: named(path), references: [shared] }))
  const cache = await makeCache(join(base, 'cache'), [...made, { path: shared, tree: named(shared) }])
  const size = nar(named(shared)).length
  // Four pulls at once, and room for twice as much as these need.
  const store = open(t, [cache], join(base, 'store'), { maxBytes: 9 * size })
  const turn = pLimit(4)
  const read = (path: StorePath) => readFile(join(base, 'store', path.slice(11), 'name'), 'utf8')
  const pull = async (path: StorePath) => {
    const roots = await store.openRoots()
    await roots.add(path)
    await store.fetch(path, ignore)
    for (let i = 0; i < 5; i++) {
      for (const each of [path, shared]) t.equal((await read(each)).trim(), each)
      await setTimeout(1)
    }
    roots.close()
  }
  await Promise.all(Array.from({ length: 100 }, (_, i) => turn(() => pull(images[(i * 7) % 20] ?? shared))))
  const left = (await readdir(join(base, 'store'))).filter((name) => !name.startsWith('.'))
  t.ok(left.length <= 9, `${left.length} paths are left`)
})

void t.test('who waits for the same path shares the fetch, and may give up alone', async (t) => {
  const base = t.testdir({})
  await makeCache(join(base, 'cache'), PATHS)
  const asked: string[] = []
  const answers: (() => void)[] = []
  const cache = await serveCache(t, join(base, 'cache'), ({ url, bytes }, response) => {
    asked.push(url)
    if (!url.startsWith('/nar/')) return 'as usual'
    answers.push(() => response.end(bytes))
  })
  const store = open(t, [cache.url], join(base, 'store'))
  const impatient = new AbortController()
  const first = failure(store.fetch(CACHED, ignore, impatient.signal))
  const second = store.fetch(CACHED, ignore)
  while (answers.length === 0) await setTimeout(5)
  impatient.abort(new Error('no patience'))
  t.match(await first, { message: 'no patience' })
  for (const answer of answers) answer()
  await second
  t.equal(asked.filter((url) => url.startsWith('/nar/')).length, 1)
  t.strictSame(await readdir(join(base, 'store/.partial')), [])
})
