/** `nix copy` from a registry, by the machine's Nix (2.8 on Debian bookworm). */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { pullManifest } from './client.ts'
import { exampleImage } from './example.ts'
import { nixStore, shape } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { NETRC, machineClient, startCache } from './nix-copy.ts'

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
