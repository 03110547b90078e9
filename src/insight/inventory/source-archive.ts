/** The URLs and hash of a source, from the fixed-output derivation that fetched it. */
import type { Derivation } from '../../core/nix/derivation.ts'
import { parseNixHash } from '../../core/nix/nix-hash.ts'
import type { StorePath } from '../../core/nix/store-path.ts'

export type SourceArchive = {
  /** The first URL that may be shown. */
  readonly url: string
  /** Hexadecimal; only of a file that is hashed as it is, since other hashes are of an archive of Nix. */
  readonly sha256: string | undefined
}

/** Words in a query that may be a secret. */
const SECRET = /token|secret|password|passwd|signature|sig=|key=|auth/i

/** @returns `undefined` for a derivation that doesn't make `path`, isn't fixed, or has no URL that may be shown. */
export function sourceArchiveOf({ outputs, env }: Derivation, path: StorePath): SourceArchive | undefined {
  if (outputs.get('out') !== path) return undefined
  const hash = env.get('outputHash')
  if (hash === undefined) return undefined
  const url = urlOf(env)
  if (url === undefined) return undefined
  const parsed = parseNixHash(hash, env.get('outputHashAlgo'))
  const isFlat = (env.get('outputHashMode') ?? 'flat') === 'flat'
  return { url, sha256: isFlat && parsed?.algorithm === 'sha256' ? parsed.hex : undefined }
}

/** The first URL that may be shown. */
export function urlOf(env: Derivation['env']): string | undefined {
  return `${env.get('urls') ?? ''} ${env.get('url') ?? ''}`
    .split(/\s+/)
    .flatMap((text) => publicUrl(text) ?? [])
    .at(0)
}

/** An address, or a package URL, without user and password; `undefined` for other schemes, and where a query may hold a secret. */
export function publicUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (!/^(?:https?|ftp|git\+https?|git|mirror|pkg):$/.test(url.protocol) || SECRET.test(url.search))
    return undefined
  url.username = ''
  url.password = ''
  url.hash = ''
  return url.href
}
