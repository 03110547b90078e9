/**
 * From a built closure to a running container, through CRI as kubelet does it, on containerd 2.4: as tar, as EROFS and
 * zero-copy, and the usual way of an archive, a push and a pull. All kinds take turns in each round.
 */
import { rm } from 'node:fs/promises'
import { repositoryUrl } from '../test/e2e/client.ts'
import { startCri, type CriContainerd } from '../test/support/containerd-cri.ts'
import { criPods, type CriPods } from '../test/support/cri-containers.ts'
import { startDockerRegistry } from '../test/support/docker-registry.ts'
import { freePort } from '../test/support/free-port.ts'
import { fixture, nixBuild, only } from '../test/support/nix.ts'
import { startPushless } from '../test/support/registry-process.ts'
import type { Scope } from '../test/support/scope.ts'
import { archive, push } from './archive.ts'
import { median, timed } from './figure.ts'
import { benchImage } from './image.ts'

export type Kind = 'zero-copy' | 'erofs' | 'tar' | 'usual'

/** Milliseconds of the parts of one start. */
export type Start = {
  /** Evaluating and building the image's file; for the usual way also archive and push. */
  readonly before: number
  readonly pull: number
  readonly create: number
  readonly start: number
}

export type Starts = Readonly<Record<Kind, readonly Start[]>>

/** A containerd with a Pod that containers are made in. */
type Node = { readonly cri: CriContainerd; readonly pods: CriPods; readonly pod: string }

export type Bench = {
  readonly nodes: { readonly overlay: Node; readonly erofs: Node }
  readonly registry: string
  /** The address of the zero-copy registry, which is on the node with overlayfs. */
  readonly zeroCopy: string
}

const ROUNDS = 5
const NAMES = {
  'zero-copy': 'nix.internal',
  erofs: 'nix.internal',
  tar: 'plain.internal',
  usual: 'usual.internal',
}

/** One containerd for all that overlayfs is for, and one that mounts EROFS. */
export async function startBench(scope: Scope): Promise<Bench> {
  const plain = await startPushless(scope, { args: ['--serve-packages'] })
  const registry = await startDockerRegistry(scope)
  const sandbox = only(await nixBuild(fixture('zero-copy.nix'), ['-A', 'sandbox']))
  const manifest = await fetch(`${repositoryUrl(plain.url, sandbox)}/manifests/nix`)
  const sandboxImage = `plain.internal${sandbox}@${manifest.headers.get('docker-content-digest') ?? ''}`
  const hosts = { 'plain.internal': plain.url, 'usual.internal': registry.url }
  const port = await freePort()
  const overlay = await startCri(scope, '2.4', `http://127.0.0.1:${port}`, {
    nri: true,
    emptyNetworks: true,
    hosts,
    sandboxImage,
  })
  const args = ['--serve-packages', '--zero-copy', '--nri-socket', overlay.nriSocket]
  const zeroCopy = await startPushless(scope, { listen: `127.0.0.1:${port}`, args })
  const erofs = await startCri(scope, '2.4', plain.url, {
    emptyNetworks: true,
    // As EROFS: nothing is converted here.
    sandboxImage: `nix.internal${sandbox}:nix`,
    mountsErofs: true,
  })
  const nodeOf = async (cri: CriContainerd): Promise<Node> => {
    const pods = criPods(scope, cri.socket)
    return { cri, pods, pod: await pods.run() }
  }
  return {
    nodes: { overlay: await nodeOf(overlay), erofs: await nodeOf(erofs) },
    registry: registry.url,
    zeroCopy: zeroCopy.url,
  }
}

/** @param contents store paths; the first has `bin/bash`. @param kinds those to measure. */
export async function measureStarts(
  scope: Scope,
  bench: Bench,
  contents: readonly string[],
  kinds: readonly Kind[],
): Promise<Starts> {
  const starts: Record<Kind, Start[]> = { 'zero-copy': [], erofs: [], tar: [], usual: [] }
  for (let round = 0; round < ROUNDS + 1; round++)
    for (const kind of kinds) {
      const found = await oneStart(scope, bench, contents, kind)
      // The first round warms all up: programs, and what of the store is in memory.
      if (round > 0) starts[kind].push(found)
    }
  return starts
}

/** @returns milliseconds from the closure to the container, and those of pull, create and start alone. */
export function totalsOf(starts: readonly Start[]): { readonly whole: number; readonly pulled: number } {
  return {
    whole: median(starts.map(({ before, pull, create, start }) => before + pull + create + start)),
    pulled: median(starts.map(({ pull, create, start }) => pull + create + start)),
  }
}

let count = 0

/** A new name each time, so that the image's file is built anew; the closure is there. */
async function oneStart(
  scope: Scope,
  { nodes, registry }: Bench,
  contents: readonly string[],
  kind: Kind,
): Promise<Start> {
  const { cri, pods, pod } = kind === 'erofs' ? nodes.erofs : nodes.overlay
  const build = await timed(() => benchImage(`running-${process.pid}-${count++}`, contents))
  const host = NAMES[kind]
  let before = build.ms
  let image = `${host}${build.result}:nix`
  if (kind === 'usual') {
    const written = await timed(() => archive(scope, build.result, 'usual'))
    const pushed = await timed(() => push(written.result, registry, `bench-${count}`, 'usual'))
    before += written.ms + pushed.ms
    image = `${host}/bench-${count}:nix`
    await rm(written.result.replace(/^docker-archive:/, ''))
  }
  const pull = await timed(() => cri.pull(image))
  if (pull.result.kind === 'failed') throw new Error(`${image}: ${pull.result.message}`)
  const create = await timed(() => pods.create(pod, { image }))
  const start = await timed(async () => {
    await pods.start(create.result)
    const { exitCode } = await pods.ended(create.result)
    if (exitCode !== 0) throw new Error(`${image}: its container ended with ${exitCode}`)
  })
  await pods.remove(create.result)
  await pods.removeImage(image)
  return { before, pull: pull.ms, create: create.ms, start: start.ms }
}
