/** Images from a cache behind a real nginx that is slow, cuts, lies or disappears, asked by a running server. */
import { appendFile, copyFile, readFile, readdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { everyShape } from './every-shape.ts'
import { startNginx } from '../support/nginx.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { signedCache, type SignedCache } from '../support/signed-cache.ts'

const skip = missing('nix', 'nginx', 'xz')

function start(t: Test, caches: string, key: string, more: readonly string[] = []): Promise<Pushless> {
  return startPushless(t, {
    args: ['--store', 'cache', '--caches', caches, '--trusted-keys', key, '--serve-packages', ...more],
    env: { PUSHLESS_NIX: 'unix:/nonexistent', PATH: '/nonexistent' },
  })
}

type Cached = SignedCache & {
  readonly image: string
  /** The narinfo of the image's own path, and its archive. */
  readonly narinfo: string
  readonly archive: string
}

async function cacheWith(t: Test): Promise<Cached> {
  const image = (await everyShape()).script
  const base = await temporaryDirectory(t, 'cache')
  const cache = await signedCache(join(base, 'cache'), [image], 'compression=xz')
  const narinfo = join(cache.directory, `${image.slice(11, 43)}.narinfo`)
  const [, url = ''] = /^URL: (.*)$/m.exec(await readFile(narinfo, 'utf8')) ?? []
  return { ...cache, image, narinfo, archive: join(cache.directory, url) }
}

async function replace(file: string, pattern: RegExp, text: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replace(pattern, text))
}

async function answer(pushless: Pushless, image: string) {
  const response = await fetch(`${pushless.url}/v2${image}/manifests/nix`)
  return { status: response.status, text: await response.text() }
}

const LIES: readonly (readonly [name: string, lie: (cache: Cached) => Promise<unknown>, why: RegExp])[] = [
  [
    'another hash',
    ({ narinfo }) => replace(narinfo, /^NarHash: .*$/m, `NarHash: sha256:${'0'.repeat(52)}`),
    /signed/,
  ],
  ['another size', ({ narinfo }) => replace(narinfo, /^NarSize: .*$/m, 'NarSize: 1'), /signed/],
  [
    'another signature',
    ({ narinfo }) => replace(narinfo, /^(Sig: .*?:).*$/m, `$1${'A'.repeat(86)}==`),
    /signed/,
  ],
  ['no signature', ({ narinfo }) => replace(narinfo, /^Sig: .*\n/m, ''), /is not signed/],
  [
    'a reference that is left out',
    ({ narinfo }) => replace(narinfo, /^References: \S+ ?/m, 'References: '),
    /signed/,
  ],
  [
    'a reference that it does not have',
    async ({ narinfo, directory }) => {
      const [, reference = ''] = /^References: (\S{32})/m.exec(await readFile(narinfo, 'utf8')) ?? []
      await execa('rm', [join(directory, `${reference}.narinfo`)])
    },
    /no binary cache has/,
  ],
  ['a huge narinfo', ({ narinfo }) => truncate(narinfo, 3_000_000_000), /more than 1048576 bytes/],
  ['a narinfo of something else', ({ narinfo }) => writeFile(narinfo, '<html>'), /narinfo/],
  [
    'an xz bomb',
    async ({ archive }) => {
      const { stdout } = await execa('xz', ['-c', '-9'], {
        input: Buffer.alloc(300_000_000),
        encoding: 'buffer',
      })
      await writeFile(archive, stdout)
    },
    /not a Nix archive|more than the promised/,
  ],
  ['the archive of another path', ({ archive, directory }) => anotherArchive(directory, archive), /promised/],
  ['an archive that is cut off', ({ archive }) => truncate(archive, 200), /./],
  ['an archive with something behind it', ({ archive }) => appendFile(archive, 'more'), /./],
  ['no archive', ({ archive }) => execa('rm', [archive]), /is not there/],
]

async function anotherArchive(directory: string, archive: string): Promise<void> {
  const names = await readdir(join(directory, 'nar'))
  const other = names.find((name) => !archive.endsWith(name))
  if (other === undefined) throw new Error('the image needs nothing')
  await copyFile(join(directory, 'nar', other), archive)
}

void t.test('a cache that lies is not believed', { skip }, async (t) => {
  const whole = await cacheWith(t)
  // One server for all: each lie has a cache of its own, below one nginx.
  const root = await temporaryDirectory(t, 'lies')
  const nginx = await startNginx(t, `root ${root};`)
  await Promise.all(
    LIES.map(async ([name, lie, why], index) => {
      const directory = join(root, `${index}`)
      await execa('cp', ['-r', whole.directory, directory])
      const moved = (file: string) => file.replace(whole.directory, directory)
      await lie({ ...whole, directory, narinfo: moved(whole.narinfo), archive: moved(whole.archive) })
      const pushless = await start(t, `${nginx.url}/${index}`, whole.key)
      const { status, text } = await answer(pushless, whole.image)
      t.ok(status === 500 || status === 503, `${name}: ${status}`)
      t.match(text + JSON.stringify(pushless.logs), why, name)
      const left = (await readdir(join(pushless.state, 'store'))).map((file) => file.slice(33))
      t.notOk(left.includes(whole.image.slice(44)), `${name}: nothing of the path is left`)
      t.equal((await fetch(`${pushless.url}/v2/`)).status, 200)
      await pushless.stop()
    }),
  )
})

void t.test('a cache that lies does not hide one that is honest', { skip }, async (t) => {
  const whole = await cacheWith(t)
  const root = await temporaryDirectory(t, 'lies')
  await execa('cp', ['-r', whole.directory, join(root, 'lying')])
  await truncate(whole.archive.replace(whole.directory, join(root, 'lying')), 200)
  const lying = await startNginx(t, `root ${join(root, 'lying')};`)
  const honest = await startNginx(t, `root ${whole.directory};`)
  const pushless = await start(t, `${lying.url}?priority=1 ${honest.url}?priority=2`, whole.key)
  t.equal((await answer(pushless, whole.image)).status, 200)
})

void t.test('a cache that is slow is waited for', { skip }, async (t) => {
  const { directory, key, image } = await cacheWith(t)
  const nginx = await startNginx(t, `root ${directory}; limit_rate 200k;`)
  const pushless = await start(t, nginx.url, key)
  t.equal((await answer(pushless, image)).status, 200)
})

void t.test('a cache that disappears in the middle, and comes back', { skip }, async (t) => {
  const { directory, key, image } = await cacheWith(t)
  const slow = await startNginx(t, `root ${directory}; location /nar/ { limit_rate 1k; }`)
  const pushless = await start(t, slow.url, key)
  const waiting = answer(pushless, image)
  const partial = join(pushless.state, 'store/.partial')
  while ((await readdir(partial)).length === 0) await setTimeout(10)
  slow.daemon.kill('SIGKILL')
  await slow.daemon.exited
  const failed = await waiting
  t.ok(failed.status === 500 || failed.status === 503 || failed.status === 429, `${failed.status}`)
  t.strictSame(await readdir(partial), [])
})
