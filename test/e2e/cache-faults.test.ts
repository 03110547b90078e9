/** Images from a cache behind a real nginx that is slow, cuts, lies or disappears, asked by a running server. */
import { appendFile, copyFile, readFile, readdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { testAuthority, writePair } from '../support/certificates.ts'
import { nixBuild } from '../support/nix.ts'
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

/** So many images, each of which needs a path of its own. */
function pairs(count: number): Promise<string[]> {
  const expression = `
    let
      node = name: references: derivation {
        inherit name references;
        system = builtins.currentSystem;
        builder = "/bin/sh";
        args = [ "-euc" "mkdir $out; echo $references > $out/references; head -c 100000 /dev/zero > $out/zeros" ];
        PATH = "/usr/bin:/bin";
      };
    in
    builtins.genList (n: node "pair-\${toString n}" [ (node "part-\${toString n}" [ ]) ]) ${count}`
  return nixBuild('--expr', [expression])
}

async function cacheWith(t: Test, count = 1): Promise<SignedCache & { readonly images: readonly Cached[] }> {
  const base = await temporaryDirectory(t, 'cache')
  const paths = await pairs(count)
  const cache = await signedCache(join(base, 'cache'), paths, 'compression=xz')
  const images = paths.map(async (image) => {
    const narinfo = join(cache.directory, `${image.slice(11, 43)}.narinfo`)
    const [, url = ''] = /^URL: (.*)$/m.exec(await readFile(narinfo, 'utf8')) ?? []
    return { ...cache, image, narinfo, archive: join(cache.directory, url) }
  })
  return { ...cache, images: await Promise.all(images) }
}

async function one(t: Test): Promise<Cached> {
  const { images } = await cacheWith(t)
  const [image] = images
  if (image === undefined) throw new Error('no image')
  return image
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
        input: Buffer.alloc(100_000_000),
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
  const { directory, key, images } = await cacheWith(t, LIES.length)
  await Promise.all(LIES.map(async ([, lie], i) => images[i] && lie(images[i])))
  const nginx = await startNginx(t, `root ${directory};`)
  const pushless = await start(t, nginx.url, key)
  const answers = await Promise.all(images.map(({ image }) => answer(pushless, image)))
  const left = await readdir(join(pushless.state, 'store'))
  for (const [i, [name, , why]] of LIES.entries()) {
    const [{ status, text } = { status: 0, text: '' }, image = ''] = [answers[i], images[i]?.image]
    t.ok(status === 500 || status === 503, `${name}: ${status}`)
    const logs = pushless.logs.filter((line) => JSON.stringify(line).includes(image))
    t.match(text + JSON.stringify(logs), why, name)
    t.notOk(left.includes(image.slice(11)), `${name}: nothing of the path is left`)
  }
  t.strictSame(await readdir(join(pushless.state, 'store/.partial')), [])
})

void t.test('a cache that lies does not hide one that is honest', { skip }, async (t) => {
  const whole = await one(t)
  const root = await temporaryDirectory(t, 'lies')
  await execa('cp', ['-r', whole.directory, join(root, 'lying')])
  await truncate(whole.archive.replace(whole.directory, join(root, 'lying')), 200)
  const lying = await startNginx(t, `root ${join(root, 'lying')};`)
  const honest = await startNginx(t, `root ${whole.directory};`)
  const pushless = await start(t, `${lying.url}?priority=1 ${honest.url}?priority=2`, whole.key)
  t.equal((await answer(pushless, whole.image)).status, 200)
})

void t.test('a cache that is slow is waited for', { skip }, async (t) => {
  const { directory, key, image } = await one(t)
  const nginx = await startNginx(t, `root ${directory}; location /nar/ { limit_rate 150; }`)
  const pushless = await start(t, nginx.url, key)
  t.equal((await answer(pushless, image)).status, 200)
})

void t.test('a cache that disappears in the middle, for good or for a second', { skip }, async (t) => {
  const { directory, key, image } = await one(t)
  for (const comesBack of [false, true]) {
    const slow = await startNginx(t, `root ${directory}; location /nar/ { limit_rate 20; }`)
    const pushless = await start(t, slow.url, key)
    const waiting = answer(pushless, image)
    const partial = join(pushless.state, 'store/.partial')
    while (!pushless.logs.some(({ kind }) => kind === 'substituting')) await setTimeout(10)
    // The first bytes have arrived.
    await setTimeout(300)
    slow.daemon.kill('SIGKILL')
    await slow.daemon.exited
    if (comesBack) await startNginx(t, `root ${directory};`, { port: slow.port })
    const { status } = await waiting
    if (comesBack) t.equal(status, 200, 'the rest is fetched')
    else t.ok(status === 500 || status === 503, `${status}`)
    t.strictSame(await readdir(partial), [])
    await pushless.stop()
  }
})

void t.test('a cache with TLS of a private authority, and with credentials', { skip }, async (t) => {
  const { directory, key, image } = await one(t)
  const base = await temporaryDirectory(t, 'tls')
  const authority = testAuthority()
  const { certFile, keyFile } = await writePair(base, authority.server())
  const file = async (name: string, content: string) => {
    await writeFile(join(base, name), content)
    return join(base, name)
  }
  const ca = await file('ca.pem', authority.ca)
  const passwords = await file('passwords', 'me:{PLAIN}password\n')
  const tls = `root ${directory}; ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};`
  const basic = await startNginx(t, `${tls} auth_basic cache; auth_basic_user_file ${passwords};`, {
    listen: 'ssl',
  })
  const bearer = await startNginx(
    t,
    `root ${directory}; if ($http_authorization != "Bearer a.token") { return 401; }`,
  )
  const [right, wrong, token] = [
    await file('netrc', 'machine 127.0.0.1 login me password password\n'),
    await file('wrong', 'machine 127.0.0.1 login me password another\n'),
    await file('token', 'machine 127.0.0.1 password a.token\n'),
  ]
  for (const [name, url, more, status, why] of [
    ['authority and password', basic.url, ['--cache-ca', ca, '--netrc', right], 200, undefined],
    ['no authority', basic.url, ['--netrc', right], 503, /certificate/],
    ['a wrong password', basic.url, ['--cache-ca', ca, '--netrc', wrong], 503, /answers 401/],
    ['no password', basic.url, ['--cache-ca', ca], 503, /answers 401/],
    ['a bearer token', bearer.url, ['--netrc', token], 200, undefined],
    ['no token', bearer.url, [], 503, /answers 401/],
  ] as const) {
    const pushless = await start(t, url, key, more)
    t.equal((await answer(pushless, image)).status, status, name)
    await pushless.stop()
    if (why !== undefined) t.match(JSON.stringify(pushless.logs), why, name)
  }
})
