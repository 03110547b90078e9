/** A registry with the cache store whose builder is a real Nix: what no cache has is built there, and copied. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { pullManifest } from './client.ts'
import { everyShape } from './every-shape.ts'
import { fixture, nixEnv, nixInstantiate, nixStore, only } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = missing('nix')
const COMMAND = 'nix-daemon --stdio'

async function start(t: Test, builder: string, path = nixEnv.PATH): Promise<Pushless> {
  const cache = await temporaryDirectory(t, 'empty-cache')
  await writeFile(join(cache, 'nix-cache-info'), 'StoreDir: /nix/store\n')
  return startPushless(t, {
    args: ['--store', 'cache', '--caches', `file://${cache}`, '--builder', builder, '--serve-packages'],
    env: { PUSHLESS_NIX: 'unix:/nonexistent', PATH: path },
  })
}

const slow = (name: string) =>
  nixInstantiate(fixture('shapes.nix'), [
    '-A',
    'slow',
    '--argstr',
    'salt',
    `${name}-${process.pid}`,
    '--arg',
    'seconds',
    '0',
  ])

void t.test('what no cache has comes from the builder', { skip }, async (t) => {
  const image = (await everyShape()).script
  const daemon = await startPushless(t, { args: ['--serve-packages'] })
  const expected = await pullManifest(daemon.url, image)
  const pushless = await start(t, COMMAND)
  t.equal((await pullManifest(pushless.url, image)).digest, expected.digest, 'a path that it has')

  const derivation = await slow('derivation')
  const built = await pullManifest(pushless.url, derivation)
  t.equal((await pullManifest(daemon.url, derivation)).digest, built.digest, 'a derivation')

  const other = await slow('output')
  const output = only(await nixStore('--query', '--outputs', other))
  t.equal(
    (await pullManifest(pushless.url, output)).digest,
    (await pullManifest(daemon.url, output)).digest,
    'an output that was never built, by its path',
  )
  const absent = await fetch(`${pushless.url}/v2/nix/store/${'0'.repeat(32)}-nobody/manifests/nix`)
  t.equal(absent.status, 404)
})

void t.test('a build that fails says why', { skip }, async (t) => {
  const pushless = await start(t, COMMAND)
  const derivation = await nixInstantiate(fixture('shapes.nix'), [
    '-A',
    'fails',
    '--argstr',
    'salt',
    `${process.pid}`,
  ])
  const response = await fetch(`${pushless.url}/v2${derivation}/manifests/nix`)
  t.not(response.status, 200)
  t.match(await response.text(), /nix build failed/)
})

void t.test('a builder by SSH is asked by its program', { skip }, async (t) => {
  const directory = await temporaryDirectory(t, 'ssh')
  await mkdir(join(directory, 'bin'))
  // Runs here what it would run there, and notes how it was called.
  const script = `#!/bin/sh\necho "$@" >> ${directory}/calls\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n`
  await writeFile(join(directory, 'bin/ssh'), script)
  await chmod(join(directory, 'bin/ssh'), 0o755)
  const pushless = await start(t, 'ssh-ng://me@builder.example.org:2222', `${directory}/bin:${nixEnv.PATH}`)
  t.ok((await pullManifest(pushless.url, (await everyShape()).script)).digest)
})

void t.test('a builder that is not there is an error, and no image that is unknown', { skip }, async (t) => {
  const pushless = await start(t, 'unix:/nonexistent')
  const response = await fetch(`${pushless.url}/v2/nix/store/${'0'.repeat(32)}-nobody/manifests/nix`)
  t.equal(response.status, 503)
})
