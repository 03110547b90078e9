/** Tests an installed pushless by its command: what whoever installed it does first, with real Nix. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { execa } from 'execa'
import { buildFile } from '../nix/nix-command.ts'
import { nixEnv } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { temporaryDirectory } from '../support/scope.ts'

const LIMIT_MS = 60_000

/** Runs --help, `manifests app.yaml`, `install`, `export` and `serve`, from a directory of the test's own. */
export async function testInstalled(t: Test, command: readonly [string, ...string[]]): Promise<void> {
  const directory = await temporaryDirectory(t, 'installed')
  const [file, ...first] = command
  const run = async (...args: readonly string[]) => {
    const options = {
      cwd: directory,
      env: nixEnv,
      stdin: 'ignore',
      reject: false,
      timeout: LIMIT_MS,
    } as const
    const result = await execa(file, [...first, ...args], options)
    t.equal(result.exitCode, 0, `${args.join(' ')}: ${result.stderr}`)
    return result.stdout
  }

  t.match(await run('--help'), /^Usage: pushless/)

  const hello = await buildFile('examples/greeter', 'hello')
  await writeFile(join(directory, 'app.yaml'), `name: hello\npackage: ${hello}\nport: 8080\n`)
  t.match(await run('manifests', 'app.yaml', '--quiet'), /^ServiceAccount\/hello\nDeployment\/hello\n/)
  const list = await readFile(join(directory, 'result'), 'utf8')
  const [, repository = '', path = ''] =
    /nix\.internal\/(nix(\/store\/[0-9a-z]{32}-hello)):nix/.exec(list) ?? []
  t.not(path, '', 'the manifests name the image')

  await run('manifests', 'check', '--no-registry', 'result')
  t.match(await run('install', '--print'), /^kind: Deployment$/m)
  const state = await temporaryDirectory(t, 'state')
  await run('export', '--quiet', '--state', state, '--output', 'image.tar', `/nix${path}`)
  const { stdout } = await execa('tar', ['-tf', join(directory, 'image.tar')])
  t.match(stdout, /^manifest\.json$/m)

  const server = await startPushless(t, { program: command })
  const manifest = await fetch(`${server.url}/v2/${repository}/manifests/nix`)
  t.equal(manifest.status, 200)
  const { config, layers } = (await manifest.json()) as {
    config: { digest: string }
    layers: readonly { digest: string; size: number }[]
  }
  t.equal((await fetch(`${server.url}/v2/${repository}/blobs/${config.digest}`)).status, 200)
  for (const { digest, size } of layers) {
    const layer = await fetch(`${server.url}/v2/${repository}/blobs/${digest}`)
    t.equal((await layer.arrayBuffer()).byteLength, size, 'a layer, which a thread streams')
  }
  await server.stop()
}
