/**
 * Keeps the store paths of containers from Nix's garbage collector: a link for each container in the state directory,
 * which Nix knows as an indirect root. So they are kept while this server is down as well. A link goes with its
 * container; those of containers that ended meanwhile go when the runtime says which there are.
 */
import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { parseStorePath, type StorePath } from '../core/nix/store-path.ts'
import type { Store } from '../store/store.ts'

const FOLDER = 'containers'
/** Runtimes name containers in hexadecimal digits. No name may lead out of the folder. */
const ID = /^[A-Za-z0-9][\w.-]*$/

export class ContainerRoots {
  readonly #store: Pick<Store, 'addRoot'>
  readonly #directory: string

  constructor(store: Pick<Store, 'addRoot'>, stateDirectory: string) {
    this.#store = store
    this.#directory = join(stateDirectory, FOLDER)
  }

  /** Keeps a path for as long as a container is there. @throws Error where Nix or the state directory refuse. */
  async hold(container: string, path: StorePath): Promise<void> {
    await this.link(container, path)
    await this.register(container)
  }

  /** Writes a container's link. @returns false where it was there: such a link was registered before its container began. */
  async link(container: string, path: StorePath): Promise<boolean> {
    const link = this.#link(container)
    if ((await readlink(link).catch(() => undefined)) === path) return false
    await mkdir(this.#directory, { recursive: true })
    const partial = `${link}.part`
    await rm(partial, { force: true })
    await symlink(path, partial)
    await rename(partial, link)
    return true
  }

  /** Tells Nix of a container's link. */
  async register(container: string): Promise<void> {
    await this.#store.addRoot(this.#link(container))
  }

  async release(container: string): Promise<void> {
    await rm(this.#link(container), { force: true })
  }

  /** Releases all but these. */
  async releaseOthers(containers: ReadonlySet<string>): Promise<void> {
    const names = await readdir(this.#directory).catch(() => [])
    for (const name of names)
      if (!containers.has(name)) await rm(join(this.#directory, name), { force: true })
  }

  /** Returns the paths that are kept for containers, also for those of an earlier process. */
  async held(): Promise<ReadonlySet<StorePath>> {
    const names = await readdir(this.#directory).catch(() => [])
    const targets = await Promise.all(
      names.map(async (name) => readlink(join(this.#directory, name)).catch(() => '')),
    )
    return new Set(targets.flatMap((target) => parseStorePath(target) ?? []))
  }

  #link(container: string): string {
    if (!ID.test(container)) throw new Error(`not the name of a container: ${container}`)
    return join(this.#directory, container)
  }
}
