/**
 * The registries of the comparison. Each gets the same bytes: the image is copied out of pushless with its digests
 * kept. nginx serves the blobs as files of their digests' names, which is the limit for any registry.
 */
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { repositoryUrl, type Manifest } from '../../test/e2e/client.ts'
import { startDaemon } from '../../test/support/daemon.ts'
import { startDockerRegistry } from '../../test/support/docker-registry.ts'
import { freePort } from '../../test/support/free-port.ts'
import { goTool, missingTool } from '../../test/support/go-tools.ts'
import { startNginx } from '../../test/support/nginx.ts'
import { startPushless } from '../../test/support/registry-process.ts'
import { missing, searchPath } from '../../test/support/requirement.ts'
import { temporaryDirectory, type Scope } from '../../test/support/scope.ts'
import { ACCEPT } from '../accept.ts'
import { copyImage } from '../copy-image.ts'
import type { Peer, PeerImage, PeerKind } from './peer.ts'

/** A program of zot. Its Go module can't be built from the public proxy, so it has to be given. */
const ZOT_VARIABLE = 'PUSHLESS_BENCH_ZOT'

export const PEERS: readonly PeerKind[] = [
  {
    name: 'pushless',
    missing: async () => missing('nix'),
    start: async (scope, { path }) => {
      const server = await startPushless(scope)
      return {
        repository: repositoryUrl(server.url, path),
        pid: server.pid,
        data: server.state,
        stop: async () => server.stop(),
      }
    },
    startEmpty: startPushless,
  },
  {
    name: 'docker-registry 2.8',
    missing: async () => missing('docker-registry'),
    start: async (scope, image) => pushed(await startDockerRegistry(scope), image),
    startEmpty: startDockerRegistry,
  },
  {
    name: 'distribution 3',
    missing: async () => missingTool('registry'),
    start: async (scope, image) => pushed(await startDistribution(scope), image),
    startEmpty: startDistribution,
  },
  {
    name: 'zot',
    missing: async () =>
      process.env[ZOT_VARIABLE] === undefined ? `${ZOT_VARIABLE} names no program` : false,
    start: async (scope, image) => pushed(await startZot(scope), image),
    startEmpty: startZot,
  },
  {
    name: 'nginx, files',
    missing: async () => missing('nginx'),
    start: startFiles,
  },
]

type Started = {
  readonly url: string
  readonly pid: number
  readonly data: string
  readonly stop: () => Promise<void>
}

async function pushed({ url, pid, data, stop }: Started, image: PeerImage): Promise<Peer> {
  return { repository: await copyImage(image.url, image.path, url), pid, data, stop }
}

async function startDistribution(scope: Scope): Promise<Started> {
  return startDockerRegistry(scope, await goTool('registry'))
}

async function startZot(scope: Scope): Promise<Started> {
  const directory = await temporaryDirectory(scope, 'zot')
  const data = join(directory, 'data')
  const port = await freePort()
  const config = join(directory, 'config.json')
  await writeFile(
    config,
    JSON.stringify({
      distSpecVersion: '1.1.1',
      storage: { rootDirectory: data, dedupe: false, gc: false },
      http: { address: '127.0.0.1', port: String(port), compat: ['docker2s2'] },
      log: { level: 'info' },
    }),
  )
  const daemon = await startDaemon(scope, {
    command: [process.env[ZOT_VARIABLE] ?? 'zot', 'serve', config],
    env: { PATH: searchPath() },
    ready: (line) => (line.includes('finished setting up routes') ? true : undefined),
  })
  return {
    url: `http://127.0.0.1:${port}`,
    pid: daemon.pid,
    data,
    stop: async () => void (await daemon.stop()),
  }
}

async function startFiles(scope: Scope, { url, path }: PeerImage): Promise<Peer> {
  const directory = await temporaryDirectory(scope, 'files')
  const from = repositoryUrl(url, path)
  for (const name of ['manifests', 'blobs']) await mkdir(join(directory, name))
  const response = await fetch(`${from}/manifests/nix`, { headers: { accept: ACCEPT } })
  const text = await response.text()
  await writeFile(join(directory, 'manifests', 'nix'), text)
  const { config, layers } = JSON.parse(text) as Manifest
  for (const { digest } of [config, ...layers]) {
    const { body } = await fetch(`${from}/blobs/${digest}`)
    if (body !== null) await pipeline(body, createWriteStream(join(directory, 'blobs', digest)))
  }
  const { url: own, daemon } = await startNginx(
    scope,
    `root ${directory}; sendfile on; default_type application/octet-stream;`,
  )
  return {
    repository: own,

    pid: daemon.pid,
    data: undefined,
    stop: async () => void (await daemon.stop()),
  }
}
