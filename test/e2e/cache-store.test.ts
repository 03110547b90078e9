/** Images from binary caches that real Nix wrote, without Nix in the server: the same digests, through real clients. */
import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { serveCache } from '../support/binary-cache.ts'
import { archiveFixture, busybox, fixture, nixInstantiate, nixStore } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { privateNix } from '../support/private-nix.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { signedCache } from '../support/signed-cache.ts'
import { copyToDir } from '../support/skopeo.ts'
import { everyShape } from './every-shape.ts'

const skip = missing('nix', 'skopeo')

/** No Nix can be reached: its programs are not in PATH, and there is no daemon to ask. */
const NO_NIX = { PUSHLESS_NIX: 'unix:/nonexistent', PATH: '/nonexistent' }

function start(
  t: Test,
  caches: string,
  key: string,
  more: readonly string[] = [],
  state?: string,
): Promise<Pushless> {
  return startPushless(t, {
    args: ['--store', 'cache', '--caches', caches, '--trusted-keys', key, '--serve-packages', ...more],
    env: NO_NIX,
    ...(state === undefined ? {} : { state }),
  })
}

const referenceOf = (path: string): string => `nix.internal${path}:nix`
const manifestOf = (directory: string): Promise<string> => readFile(join(directory, 'manifest.json'), 'utf8')

function salted(salt: string): Promise<string> {
  const args = ['-A', 'slow', '--argstr', 'salt', salt, '--arg', 'seconds', '0']
  return nixInstantiate(fixture('shapes.nix'), args)
}

async function statusOf({ url }: Pushless, path: string): Promise<number> {
  return (await fetch(`${url}/v2${path}/manifests/nix`)).status
}

void t.test('images from caches are those of the daemon, byte for byte', { skip }, async (t) => {
  const images = [(await everyShape()).script, await archiveFixture('buildImage', 'gz'), await busybox()]
  const daemon = await startPushless(t, { args: ['--serve-packages'] })
  const expected = await Promise.all(
    images.map(async (path) => manifestOf(await copyToDir(t, referenceOf(path), daemon.url))),
  )
  const base = t.testdir({})
  for (const compression of ['zstd', 'xz', 'bzip2', 'gzip', 'br', 'lz4', 'none']) {
    // All shapes once; the other compressions by the smallest image.
    const some = compression === 'zstd' ? images : images.slice(-1)
    const { directory, key } = await signedCache(join(base, compression), some, `compression=${compression}`)
    const { url } = await serveCache(t, directory)
    for (const cache of compression === 'zstd' ? [`file://${directory}`, url] : [`file://${directory}`]) {
      const pushless = await start(t, cache, key)
      const places = await readdir(join(pushless.state, 'store'))
      t.strictSame(places.sort(), ['.info', '.lock', '.partial'], 'nothing is fetched before it is wanted')
      for (const path of some) {
        const copied = await copyToDir(t, referenceOf(path), pushless.url)
        t.equal(await manifestOf(copied), expected[images.indexOf(path)], `${compression} ${path}`)
      }
      await pushless.stop()
    }
  }
})

void t.test('the store of the machine is never read', { skip: skip || missing('root') }, async (t) => {
  const image = (await everyShape()).script
  const { directory, key } = await signedCache(join(t.testdir({}), 'cache'), [image], 'compression=zstd')
  const daemon = await startPushless(t, { args: ['--serve-packages'] })
  const expected = await manifestOf(await copyToDir(t, referenceOf(image), daemon.url))
  const pushless = await startPushless(t, {
    args: ['--store', 'cache', '--caches', `file://${directory}`, '--trusted-keys', key],
    env: { PUSHLESS_NIX: 'unix:/nonexistent' },
    // An empty directory over /nix.
    prefix: (await privateNix(t)).prefix,
  })
  t.equal(await manifestOf(await copyToDir(t, referenceOf(image), pushless.url)), expected)
})

void t.test('what no cache has is unknown, and what nobody signed is refused', { skip }, async (t) => {
  const base = t.testdir({})
  const image = await busybox()
  const { directory, key } = await signedCache(join(base, 'cache'), [image], 'compression=none')
  const other = await signedCache(join(base, 'other'), [], '').catch(() => undefined)
  const pushless = await start(t, `file://${directory}`, key)
  t.equal(await statusOf(pushless, `/nix/store/${'0'.repeat(32)}-nobody`), 404)
  const told = { asked: `binary caches file://${directory}`, status: 404 }
  while (!pushless.logs.some(({ msg }) => msg === 'request refused')) await setTimeout(5)
  t.match(
    pushless.logs.find(({ msg }) => msg === 'request refused'),
    told,
    'the log says which caches were asked',
  )
  t.equal(await statusOf(pushless, image), 200)
  const strict = await start(
    t,
    `file://${directory}`,
    other?.key ?? key.replace(/:.*/, `:${'A'.repeat(43)}=`),
  )
  const refused = await fetch(`${strict.url}/v2${image}/manifests/nix`)
  t.not(refused.status, 200)
  const open = await start(t, `file://${directory}`, key, ['--no-require-signature'])
  t.equal(await statusOf(open, image), 200)
})

void t.test(
  'a second process on the same directory is refused, and not after a kill',
  { skip },
  async (t) => {
    const first = await start(t, 'file:///nonexistent', 'a:' + 'A'.repeat(43) + '=')
    const second = start(t, 'file:///nonexistent', 'a:' + 'A'.repeat(43) + '=', [], first.state)
    await t.rejects(second, { message: /in use by another pushless process.*--state/ })
    first.kill('SIGKILL')
    await first.exited
    const third = await start(t, 'file:///nonexistent', 'a:' + 'A'.repeat(43) + '=', [], first.state)
    t.equal((await fetch(`${third.url}/v2/`)).status, 200)
  },
)

void t.test('a derivation stands for its output, if a cache has both', { skip }, async (t) => {
  const [built, unbuilt] = [await salted('cached'), await salted(`never-${process.pid}`)]
  const [output = ''] = await nixStore('--realise', built)
  const base = t.testdir({})
  const { directory, key } = await signedCache(join(base, 'cache'), [output], '', [built, unbuilt])
  const pushless = await start(t, `file://${directory}`, key)
  const direct = await fetch(`${pushless.url}/v2${output}/manifests/nix`)
  const byName = await fetch(`${pushless.url}/v2${built}/manifests/nix`)
  t.equal(await byName.text(), await direct.text())
  const missed = await fetch(`${pushless.url}/v2${unbuilt}/manifests/nix`)
  t.equal(missed.status, 500)
  t.match(await missed.text(), /must be built, and this registry has no builder: .*asked: file:/)
})

void t.test('a restart has what was pulled, without any cache', { skip }, async (t) => {
  const base = t.testdir({})
  const image = await busybox()
  const { directory, key } = await signedCache(join(base, 'cache'), [image], 'compression=none')
  const first = await start(t, `file://${directory}`, key)
  t.equal(await statusOf(first, image), 200)
  await first.stop()
  await rm(directory, { recursive: true })
  const again = await start(t, `file://${directory}`, key, [], first.state)
  t.equal(await statusOf(again, image), 200)
})

void t.test('killed in mid-unpack, it fetches again and leaves nothing behind', { skip }, async (t) => {
  const base = t.testdir({})
  const image = await busybox()
  const { directory, key } = await signedCache(join(base, 'cache'), [image], 'compression=none')
  let isStuck = true
  const { url } = await serveCache(t, directory, ({ url: name, bytes }, response) => {
    if (!isStuck || !name.startsWith('/nar/')) return 'as usual'
    response.writeHead(200, { 'Content-Length': bytes.length })
    response.write(bytes.subarray(0, bytes.length / 2))
  })
  const first = await start(t, url, key)
  const waiting = statusOf(first, image).catch(() => 0)
  const partial = join(first.state, 'store/.partial')
  while ((await readdir(partial)).length === 0) await setTimeout(20)
  first.kill('SIGKILL')
  await first.exited
  await waiting
  isStuck = false
  const again = await start(t, url, key, [], first.state)
  t.strictSame(await readdir(partial), [])
  t.equal(await statusOf(again, image), 200)
  t.strictSame(await readdir(partial), [])
})

void t.test(
  'a full disk is said, and works again once there is room',
  { skip: skip || missing('root') },
  async (t) => {
    const base = t.testdir({})
    const image = await archiveFixture('buildLayeredImage', 'none', 4)
    const { directory, key } = await signedCache(join(base, 'cache'), [image], 'compression=zstd')
    const state = await temporaryDirectory(t, 'full')
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'pushless-test', state])
    t.teardown(() => execa('umount', ['--lazy', state]).then(() => undefined))
    const pushless = await start(t, `file://${directory}`, key, [], state)
    const response = await fetch(`${pushless.url}/v2${image}/manifests/nix`)
    t.not(response.status, 200)
    t.match(await response.text(), /no space/)
    t.strictSame(await readdir(join(state, 'store/.partial')), [])
    await execa('mount', ['-o', 'remount,size=50m', state])
    t.equal(await statusOf(pushless, image), 200)
  },
)
