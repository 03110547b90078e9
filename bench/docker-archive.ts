/**
 * An image that exists as a plain docker-archive, as dockerTools makes it: ours is the file in the store and a pull, the
 * usual way a push by skopeo and a pull. Both registries begin empty, and both pulls are by the same client.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { repositoryUrl } from '../test/e2e/client.ts'
import { startDockerRegistry } from '../test/support/docker-registry.ts'
import { nixStore } from '../test/support/nix.ts'
import { startPushless } from '../test/support/registry-process.ts'
import type { Scope } from '../test/support/scope.ts'
import { ACCEPT } from './accept.ts'
import { archive, push } from './archive.ts'
import { median, timed, type Figure } from './figure.ts'

const ROUNDS = 3
/** As from a built closure (start.ts). */
const TARGET_RATIO = 0.5
/** Digests of the layers and what the archive holds, and no layer. */
const TARGET_DISK_SHARE = 0.01
const CLIENT = fileURLToPath(new URL('pull-client.ts', import.meta.url))

type Round = { readonly first: number; readonly whole: number; readonly disk: number }

export async function measureDockerArchive(scope: Scope, image: string): Promise<readonly Figure[]> {
  const source = await archive(scope, image, 'usual')
  const file = source.slice('docker-archive:'.length)
  const { size } = await stat(file)
  const [path = ''] = await nixStore('--add', file)
  const ours: Round[] = []
  const theirs: Round[] = []
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await pullOurs(scope, path))
    theirs.push(await pullTheirs(scope, source))
  }
  const of = (rounds: readonly Round[], field: keyof Round) => median(rounds.map((round) => round[field]))
  const ratio = of(ours, 'whole') / of(theirs, 'whole')
  const share = of(ours, 'disk') / size
  return [
    {
      name: 'docker-archive, first manifest, empty state',
      value: `${of(ours, 'first').toFixed(0)} ms`,
      number: of(ours, 'first'),
      target: '',
      isMet: undefined,
      note: `${megabytes(size)}; docker-registry has one after ${of(theirs, 'first').toFixed(0)} ms of push`,
    },
    {
      name: 'docker-archive, file to pulled, against push + pull as usual',
      value: ratio.toFixed(2),
      number: ratio,
      target: `<= ${TARGET_RATIO}`,
      isMet: ratio <= TARGET_RATIO,
      note: `${of(ours, 'whole').toFixed(0)} against ${of(theirs, 'whole').toFixed(0)} ms`,
    },
    {
      name: 'docker-archive, bytes on disk beside it, of its own',
      value: `${(share * 100).toFixed(2)} %`,
      number: share * 100,
      target: `<= ${TARGET_DISK_SHARE * 100} %`,
      isMet: share <= TARGET_DISK_SHARE,
      note: `${megabytes(of(ours, 'disk'))} against ${megabytes(of(theirs, 'disk'))} of docker-registry, gzipped`,
    },
  ]
}

async function pullOurs(scope: Scope, path: string): Promise<Round> {
  const server = await startPushless(scope)
  const repository = repositoryUrl(server.url, path)
  const first = await timed(() => manifest(repository))
  const pulled = await timed(() => execa(process.execPath, [CLIENT, repository]))
  const disk = await sizeOf(server.state)
  await server.stop()
  return { first: first.ms, whole: first.ms + pulled.ms, disk }
}

async function pullTheirs(scope: Scope, source: string): Promise<Round> {
  const registry = await startDockerRegistry(scope)
  const repository = `${registry.url}/v2/bench`
  const first = await timed(async () => {
    await push(source, registry.url, 'bench', 'usual')
    await manifest(repository)
  })
  const pulled = await timed(() => execa(process.execPath, [CLIENT, repository]))
  const disk = await sizeOf(registry.data)
  await registry.stop()
  return { first: first.ms, whole: first.ms + pulled.ms, disk }
}

async function manifest(repository: string): Promise<void> {
  const response = await fetch(`${repository}/manifests/nix`, { headers: { accept: ACCEPT } })
  if (!response.ok) throw new Error(`${repository}: ${response.status} ${await response.text()}`)
  await response.arrayBuffer()
}

/** Bytes of all files below. */
async function sizeOf(directory: string): Promise<number> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  )
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => stat(join(parentPath, name))))
  return sizes.reduce((sum, { size }) => sum + size, 0)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
