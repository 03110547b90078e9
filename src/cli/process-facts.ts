/** The facts about the process that commands receive. */
import type { Environment } from '../settings/read-settings.ts'

export type ProcessFacts = {
  readonly environment: Environment
  readonly isRoot: boolean
  readonly version: string
  /** Directory that the Nix library is in: nix/ and manifests/. */
  readonly library: string
  /** Takes the exit status of a command that ended without an error. */
  readonly exit: (status: number) => void
}
