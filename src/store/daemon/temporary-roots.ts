/** Temporary roots of Nix's garbage collector, which last as long as the connection that they were added on. */
import { RegistryError } from '../../core/errors/errors.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { NixConnection } from './connection.ts'
import * as operations from './operations.ts'
import type { HeldRoots } from '../store.ts'

/** It takes milliseconds, unless the daemon is stuck: then this connection is lost, and another may not be. */
const ADD_LIMIT_MS = 15_000

export class TemporaryRoots implements HeldRoots {
  readonly #connection: NixConnection
  readonly #release: () => void

  constructor(connection: NixConnection, release: () => void) {
    this.#connection = connection
    this.#release = release
  }

  get isOpen(): boolean {
    return this.#connection.isOpen
  }

  /**
   * Keeps a path, valid or not yet, from being collected until `close`. One call at a time.
   * @throws RegistryError `unavailable`.
   */
  async add(path: StorePath): Promise<void> {
    try {
      await this.#connection.ask([operations.addTempRoot(path)], ADD_LIMIT_MS)
    } catch (cause) {
      throw new RegistryError('unavailable', `Nix could not keep ${path} from being collected`, { cause })
    }
  }

  close(): void {
    this.#release()
  }
}
