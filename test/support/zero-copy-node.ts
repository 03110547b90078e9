/**
 * A node whose registry mounts store paths into containers: a Nix store of its own, containerd with NRI, and pushless
 * with --zero-copy. Its images are those of zero-copy.nix, built in the machine's store once and imported.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { startCri, type CriContainerd, type Origin } from './containerd-cri.ts'
import { criPods, type CriPods } from './cri-containers.ts'
import { freePort } from './free-port.ts'
import { fixture, nixBuild, nixEnv, nixStore, only } from './nix.ts'
import { privateNix, type PrivateNix } from './private-nix.ts'
import { startPushless, type Pushless } from './registry-process.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

/** Attributes of zero-copy.nix. */
export type NodeImage = 'greeter' | 'byPath' | 'kinds' | 'many' | 'own' | 'large'

export interface ZeroCopyNode {
  readonly nix: PrivateNix
  readonly cri: CriContainerd
  readonly pods: CriPods
  /** A registry of the same store that serves ordinary images. */
  readonly plain: Pushless
  /** The state directory of the registry, whichever process has it. */
  readonly state: string
  /** Starts the registry, again after it ended. */
  startRegistry(): Promise<Pushless>
  /** @returns its store path. Imported into the node's store once more if need be. */
  add(image: NodeImage): Promise<string>
}

/** @param mountsErofs whether its snapshotter is that of EROFS, for which its hosts.toml asks. Of a built containerd alone. */
export async function startZeroCopyNode(
  scope: Scope,
  origin: Origin,
  mountsErofs = false,
): Promise<ZeroCopyNode> {
  const nix = await privateNix(scope)
  const archives = await temporaryDirectory(scope, 'archives')
  const add = async (image: NodeImage | 'sandbox') => {
    const path = only(await nixBuild(fixture('zero-copy.nix'), ['-A', image]))
    const archive = join(archives, image)
    const closure = await nixStore('--query', '--requisites', path)
    const exported = execa('nix-store', ['--export', ...closure], { env: nixEnv, buffer: false })
    await Promise.all([pipeline(exported.stdout, createWriteStream(archive)), exported])
    const [file, ...args] = nix.prefix
    await execa(file, [...args, 'nix-store', '--import'], { env: nixEnv, input: createReadStream(archive) })
    return path
  }
  const sandbox = await add('sandbox')
  const plain = await startPushless(scope, { prefix: nix.prefix })
  const manifest = await fetch(`${plain.url}/v2${sandbox}/manifests/${mountsErofs ? 'erofs' : 'nix'}`)
  const port = await freePort()
  const cri = await startCri(scope, origin, `http://127.0.0.1:${port}`, {
    nri: true,
    emptyNetworks: true,
    mountsErofs,
    nix: nix.directory,
    // A sandbox is no container to NRI: its image must be an ordinary one.
    sandboxImage: `nix.internal${sandbox}@${manifest.headers.get('docker-content-digest') ?? ''}`,
  })
  const state = await temporaryDirectory(scope, 'node-state')
  return {
    nix,
    cri,
    plain,
    state,
    add,
    pods: criPods(scope, cri.socket),
    startRegistry: async () =>
      startPushless(scope, {
        prefix: nix.prefix,
        listen: `127.0.0.1:${port}`,
        state,
        // Nothing is kept but what is pulled now, or in a container.
        args: ['--zero-copy', '--nri-socket', cri.nriSocket, '--keep', '0'],
      }),
  }
}
