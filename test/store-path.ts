/** Store paths that tests name. */
import { parseStorePath, type StorePath } from '../src/core/nix/store-path.ts'

/** @param text `/nix/store/<hash>-<name>`, `<hash>-<name>`, or a name alone, which gets a hash that is always the same. */
export function storePath(text: string): StorePath {
  const base =
    /^(?:\/nix\/store\/)?([0-9a-z]{32}-.+)$/.exec(text)?.[1] ?? `aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-${text}`
  const path = parseStorePath(`/nix/store/${base}`)
  if (path === undefined) throw new Error(`not a store path: ${text}`)
  return path
}
