/** A fake daemon that has one valid path. */
import { parseStorePath, type StorePath } from '../../src/core/nix/store-path.ts'
import { fakeDaemon, type FakePath } from './fake-daemon.ts'

export const VALID = path('aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-valid')
export const ABSENT_PATH = path('zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-nobody-made-this')
export const PATHS = new Map<string, FakePath>([
  [VALID, { narHash: 'a'.repeat(64), narSize: 120, references: [VALID] }],
])
/** @param minor of the protocol that it offers. */
export const fakeWith = (minor: number) => fakeDaemon({ protocol: { major: 1, minor }, paths: PATHS })

function path(base: string): StorePath {
  const parsed = parseStorePath(`/nix/store/${base}`)
  if (parsed === undefined) throw new Error(`no store path: ${base}`)
  return parsed
}
