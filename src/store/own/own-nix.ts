/**
 * A Nix that the server starts itself and that has /nix to itself, as in a container with a volume for /nix. It builds as
 * the user of the server, in Nix's sandbox. Where there can be no sandbox, a build could read the server's secrets and
 * change its store; so it builds nothing there, unless the operator allows it.
 */
import { DaemonStore } from '../daemon/daemon-store.ts'
import { processTransport, type Duplex, type Transport } from '../daemon/transport.ts'
import { nixEnvironment, type OwnNixSettings } from './nix-config.ts'
import { whyNoSandbox } from './sandbox-check.ts'

export type SandboxState =
  | { readonly kind: 'sandboxed' }
  /** Builds go on without a sandbox where they are allowed, and are refused otherwise. */
  | { readonly kind: 'unsandboxed'; readonly isAllowed: boolean; readonly reason: string }

export type OwnNixOptions = {
  /** Speaks the worker protocol on stdin and stdout. */
  readonly command: readonly string[]
  readonly settings: OwnNixSettings
  readonly allowsUnsandboxed: boolean
  /** Hears once how builds are made. */
  readonly onSandbox: (state: SandboxState) => void
}

export class OwnNix {
  readonly #options: OwnNixOptions
  #state: Promise<SandboxState> | undefined
  #refusal: string | undefined
  readonly transport: Transport

  constructor(options: OwnNixOptions) {
    this.#options = options
    this.transport = { name: options.command.join(' '), open: async () => this.#open() }
  }

  /** Why nothing is built. Nothing, where it is, or where that isn't known before the first connection. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  async #open(): Promise<Duplex> {
    this.#state ??= this.#find()
    try {
      const state = await this.#state
      return await this.#start({
        isSandboxed: state.kind === 'sandboxed' || !state.isAllowed,
        fetches: true,
      }).open()
    } catch (error) {
      // Nix may answer the next time.
      this.#state = undefined
      throw error
    }
  }

  async #find(): Promise<SandboxState> {
    const { allowsUnsandboxed: isAllowed, onSandbox } = this.#options
    const store = new DaemonStore(this.#start({ isSandboxed: true, fetches: false }))
    try {
      const reason = await whyNoSandbox(store)
      const state: SandboxState =
        reason === undefined ? { kind: 'sandboxed' } : { kind: 'unsandboxed', isAllowed, reason }
      this.#refusal = isAllowed ? undefined : reason
      onSandbox(state)
      return state
    } finally {
      store.close()
    }
  }

  #start(mode: Parameters<typeof nixEnvironment>[1]): Transport {
    const { command, settings } = this.#options
    return processTransport(command, nixEnvironment(settings, mode))
  }
}
