/**
 * A Nix that the server starts itself and that has /nix to itself, as in a container with a volume for /nix. It builds as
 * the user of the server, in Nix's sandbox. Where there can be no sandbox, a build could read the server's secrets and
 * change its store; so only remote builders build then, or nobody, unless the operator allows it.
 */
import { DaemonStore } from '../daemon/daemon-store.ts'
import { processTransport, type Duplex, type Transport } from '../daemon/transport.ts'
import { nixEnvironments, type NixEnvironment, type NixMode, type OwnNixSettings } from './nix-config.ts'
import { whyNoSandbox } from './sandbox-check.ts'

/** The places of builds, and why there is no sandbox here. */
export type BuildPlace =
  | { readonly kind: 'sandbox' }
  /** Here all the same, since the operator allows it. */
  | { readonly kind: 'unsandboxed'; readonly reason: string }
  /** The remote builders, and never here. */
  | { readonly kind: 'elsewhere'; readonly reason: string }
  | { readonly kind: 'nowhere'; readonly reason: string }

export type OwnNixOptions = {
  /** Speaks the worker protocol on stdin and stdout. */
  readonly command: readonly string[]
  readonly settings: OwnNixSettings
  readonly allowsUnsandboxed: boolean
  /** Hears once where builds are made. */
  readonly onPlace: (place: BuildPlace) => void
}

export class OwnNix {
  readonly #options: OwnNixOptions
  readonly #environmentOf: (mode: NixMode) => NixEnvironment
  #place: Promise<BuildPlace> | undefined
  #refusal: string | undefined
  readonly transport: Transport

  /** @throws RegistryError `unavailable` for a file or directory of the settings that can't be used. */
  constructor(options: OwnNixOptions) {
    this.#options = options
    this.#environmentOf = nixEnvironments(options.settings)
    this.transport = { name: options.command.join(' '), open: async () => this.#open() }
  }

  /** Why nothing is built. Nothing, where it is, or where that isn't known before the first connection. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  async #open(): Promise<Duplex> {
    this.#place ??= this.#find().catch((error: unknown) => {
      // Nix may answer the next time.
      this.#place = undefined
      throw error
    })
    return this.#start((await this.#place).kind).open()
  }

  async #find(): Promise<BuildPlace> {
    const store = new DaemonStore(this.#start('check'))
    try {
      const reason = await whyNoSandbox(store)
      const place = reason === undefined ? ({ kind: 'sandbox' } as const) : this.#placeWithout(reason)
      this.#refusal = place.kind === 'nowhere' ? reason : undefined
      this.#options.onPlace(place)
      return place
    } finally {
      store.close()
    }
  }

  #placeWithout(reason: string): BuildPlace {
    const { allowsUnsandboxed, settings } = this.#options
    if (allowsUnsandboxed) return { kind: 'unsandboxed', reason }
    return { kind: settings.buildersFile === undefined ? 'nowhere' : 'elsewhere', reason }
  }

  #start(mode: NixMode): Transport {
    return processTransport(this.#options.command, this.#environmentOf(mode))
  }
}
