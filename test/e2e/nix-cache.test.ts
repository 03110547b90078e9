/** `nix copy` to and from a registry, by the machine's Nix (2.8 on Debian bookworm) and by 2.26 in a chroot. */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { pullAll, pullManifest } from './client.ts'
import { exampleImage } from './example.ts'
import { chrootNix, missingTrixieNix } from '../support/chroot-nix.ts'
import { nixEnv, nixStore, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TOKEN = `token-${process.pid}-of-the-tests`
const NETRC = `machine 127.0.0.1\nlogin pushless\npassword ${TOKEN}\n`
/** A derivation of a source, a flat file and a text, and one that needs it: every kind that is taken. */
const EXPRESSION = `
  { salt }:
  let
    system = builtins.currentSystem;
    source = builtins.path { path = ./source.txt; name = "source-\${salt}"; };
    flat = builtins.path { path = ./source.txt; name = "flat-\${salt}"; recursive = false; };
    text = builtins.toFile "text-\${salt}" "see \${source}";
    dependency = derivation {
      name = "dependency-\${salt}"; inherit system source flat text; builder = "/bin/sh";
      args = [ "-c" "mkdir $out; echo $source $flat $text > $out/inputs" ]; PATH = "/usr/bin:/bin";
    };
  in derivation {
    name = "copied-\${salt}"; inherit system dependency; builder = "/bin/sh";
    args = [ "-c" "mkdir $out; echo $dependency > $out/dependency" ]; PATH = "/usr/bin:/bin";
  }`

/** A Nix whose store the registry's knows nothing of. */
type Client = {
  /** A store that isn't below its own root can't run builders here. */
  readonly canBuild: boolean
  /** Runs a Nix command about its own store. */
  readonly nix: (...args: readonly string[]) => Promise<string>
  readonly addFile: (name: string, content: string) => Promise<string>
  readonly ownStore: string
}

async function machineClient(t: Test): Promise<Client> {
  const directory = await temporaryDirectory(t, 'client')
  const env = { ...nixEnv, XDG_CACHE_HOME: join(directory, 'cache') }
  return {
    canBuild: false,
    ownStore: `local?root=${join(directory, 'store')}`,
    nix: async (command = '', ...args) => (await execa(command, args, { env, timeout: 60_000 })).stdout,
    addFile: async (name, content) => {
      await writeFile(join(directory, name), content)
      return join(directory, name)
    },
  }
}

async function chrootClient(t: Test): Promise<Client> {
  const chroot = await chrootNix(t)
  return {
    canBuild: true,
    ownStore: 'local',
    nix: (...args) => chroot.run(['env', 'XDG_CACHE_HOME=/nix/cache', ...args]),
    addFile: (name, content) => chroot.addFile(name, content),
  }
}

void t.test('nix copy --derivation, by the Nix of this machine', { skip: missing('nix') }, async (t) => {
  await copiesDerivations(t, await machineClient(t))
})

void t.test('nix copy --derivation, by Nix 2.26 or later', { skip: await missingTrixieNix() }, async (t) => {
  await copiesDerivations(t, await chrootClient(t))
})

async function copiesDerivations(t: Test, client: Client): Promise<void> {
  const { server, url, received } = await startCache(t, ['--nix-cache', 'write', '--serve-packages'])
  const file = await client.addFile('expression.nix', EXPRESSION)
  await client.addFile('source.txt', `a source of ${process.pid}\n`)
  const netrc = await client.addFile('netrc', NETRC)
  const wrong = await client.addFile('wrong-netrc', NETRC.replace(TOKEN, 'another-token-altogether'))
  const copy = (drv: string, query: string, ...more: readonly string[]) =>
    client.nix(
      'nix',
      'copy',
      '--derivation',
      '--from',
      client.ownStore,
      '--to',
      `${url}${query}`,
      ...more,
      drv,
    )

  for (const query of [
    '',
    '?compression=none',
    '?compression=zstd',
    '?compression=gzip',
    '?compression=br',
  ]) {
    const salt = `${process.pid}-${Date.now()}`
    const drv = (
      await client.nix('nix-instantiate', '--store', client.ownStore, file, '--argstr', 'salt', salt)
    ).trim()
    if (query === '') {
      for (const without of [[], ['--netrc-file', wrong]])
        await t.rejects(
          copy(drv, query, ...without),
          { message: /401.*this needs the token of --token-file/s },
          'without the token, an error that says so',
        )
      await t.rejects(nixStore('--check-validity', drv))
    }
    const before = received()
    await copy(drv, query, '--netrc-file', netrc)
    const bytes = received() - before
    await nixStore('--check-validity', drv)
    const closure = await nixStore('--query', '--requisites', drv)
    t.equal(closure.length, 5, `${query}: the derivation and all that it needs are there`)
    t.ok(bytes > 0 && bytes < 16_000, `${query}: by ${bytes} bytes`)
    t.ok((await pullAll(server.url, drv)).size > 1, 'and a pull builds it')
    const log = server.logs.filter(
      (line) => line['msg'] === 'imported' && String(line['path']).includes(salt),
    )
    t.equal(log.length, 5)
  }

  if (!client.canBuild) return
  await t.test('what was built is not taken', async (t) => {
    const salt = `built-${process.pid}-${Date.now()}`
    const [output = ''] = (
      await client.nix(
        'nix-build',
        '--no-out-link',
        '--store',
        client.ownStore,
        file,
        '--argstr',
        'salt',
        salt,
      )
    ).split('\n')
    await t.rejects(
      client.nix(
        'nix',
        'copy',
        '--no-check-sigs',
        '--netrc-file',
        netrc,
        '--from',
        client.ownStore,
        '--to',
        url,
        output,
      ),
      { message: /403.*is not content-addressed/s },
    )
    await t.rejects(nixStore('--check-validity', output))
  })
}

void t.test('nix copy --from', { skip: missing('nix') }, async (t) => {
  const image = await exampleImage()
  const packagePath = await shape('chain')
  const client = await machineClient(t)
  const copy = (url: string, path: string) =>
    client.nix('nix', 'copy', '--no-check-sigs', '--from', url, '--to', client.ownStore, path)
  const infoOf = (url: string, ...args: readonly string[]) =>
    client.nix('nix', 'path-info', '--store', url, ...args)

  await t.test('an image, by anybody, and nothing else', async (t) => {
    const { url } = await startCache(t, ['--nix-cache', 'read'])
    await t.rejects(
      infoOf(url, packagePath),
      { message: /is not (?:a )?valid/ },
      'a package is nobody’s business',
    )
    await copy(url, image)
    const closure = await nixStore('--query', '--requisites', image)
    const copied = await client.nix('nix-store', '--store', client.ownStore, '--query', '--requisites', image)
    t.same(copied.split('\n').sort(), closure.sort(), 'comes with its closure')
    await client.nix('nix-store', '--store', client.ownStore, '--verify', '--check-contents')
    const [deriver = ''] = await nixStore('--query', '--deriver', image)
    await t.rejects(infoOf(url, '--derivation', deriver), { message: /is not (?:a )?valid/ })
  })

  await t.test('packages where they are served, as a substituter too', async (t) => {
    const { url, server } = await startCache(t, ['--nix-cache', 'read', '--serve-packages'])
    const info = JSON.parse(await infoOf(url, '--json', packagePath)) as [
      { narHash: string; references: string[] },
    ]
    const [hash] = await nixStore('--query', '--hash', packagePath)
    t.equal(Buffer.from(info[0].narHash.slice(7), 'base64').length, 32)
    t.equal(`sha256:${(await client.nix('nix', 'hash', 'to-base32', info[0].narHash)).trim()}`, hash)
    const directory = await temporaryDirectory(t, 'substituted')
    const other = `local?root=${join(directory, 'store')}`
    await mkdir(join(directory, 'store'))
    await client.nix(
      'nix-store',
      '--store',
      other,
      '--realise',
      packagePath,
      '--option',
      'substituters',
      url,
      '--option',
      'require-sigs',
      'false',
    )
    t.same(
      (await client.nix('nix-store', '--store', other, '--query', '--requisites', packagePath))
        .split('\n')
        .sort(),
      (await nixStore('--query', '--requisites', packagePath)).sort(),
    )
    t.equal((await fetch(`${server.url}/nix-cache/${'0'.repeat(32)}.narinfo`)).status, 404)
    t.match((await pullManifest(server.url, packagePath)).digest, /^sha256:/, 'and pulls go on')
  })

  await t.test('derivations, with the token', async (t) => {
    const { url } = await startCache(t, ['--nix-cache', 'read'])
    const netrc = await client.addFile('netrc', NETRC)
    const [deriver = ''] = await nixStore('--query', '--deriver', image)
    await client.nix(
      'nix',
      'copy',
      '--derivation',
      '--netrc-file',
      netrc,
      '--from',
      url,
      '--to',
      client.ownStore,
      deriver,
      // It was asked for without the token before, and Nix remembers.
      '--option',
      'narinfo-cache-negative-ttl',
      '0',
    )
    await client.nix('nix-store', '--store', client.ownStore, '--check-validity', deriver)
  })
})

/** A registry with a token, whose cache is spoken to by way of a counter. */
async function startCache(t: Test, args: readonly string[]) {
  const tokenFile = join(await temporaryDirectory(t, 'token'), 'token')
  await writeFile(tokenFile, TOKEN)
  const server = await startPushless(t, { args: [...args, '--token-file', tokenFile] })
  let bytes = 0
  const counter = createServer((client) => {
    const upstream = connect(server.port, '127.0.0.1')
    client.on('data', (chunk: Buffer) => (bytes += chunk.length))
    client.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => client.destroy()).pipe(client)
  })
  counter.listen(0, '127.0.0.1')
  await once(counter, 'listening')
  t.teardown(() => void counter.close())
  const address = counter.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { server, url: `http://127.0.0.1:${port}/nix-cache`, received: () => bytes }
}
