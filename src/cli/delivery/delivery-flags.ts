/** The flags of the commands of a delivery, as commander gives them. */
import type { ConnectionFlags } from './connection-flags.ts'

export type ApplyFlags = ConnectionFlags & {
  readonly name?: string
  readonly wait: boolean
  readonly timeout: string
  readonly prune: boolean
  readonly confirm: readonly string[]
  readonly adopt: boolean
  readonly allowEmpty: boolean
  readonly allowShrink: boolean
  readonly dryRun: boolean
  readonly ignore: readonly string[]
  readonly historyLimit: string
  /** False for `--no-registry`. */
  readonly registry?: string | false
  readonly host: readonly string[]
  readonly tokenFile: string
  readonly keep: boolean
  readonly quiet: boolean
  readonly json: boolean
}

export type RollbackFlags = Pick<
  ApplyFlags,
  keyof ConnectionFlags | 'wait' | 'timeout' | 'confirm' | 'dryRun' | 'historyLimit' | 'quiet' | 'json'
> & { readonly prune: boolean }

export type DeleteFlags = ConnectionFlags & {
  readonly orphan: boolean
  readonly confirm: readonly string[]
  readonly timeout: string
  readonly dryRun: boolean
  readonly json: boolean
}

export type DriftFlags = ConnectionFlags & {
  readonly watch: boolean
  readonly correct: boolean
  readonly interval: string
  readonly ignore: readonly string[]
  readonly json: boolean
}

export type ListFlags = ConnectionFlags & { readonly allNamespaces: boolean; readonly json: boolean }
