/** A fake daemon that has one valid path. */
import { fakeDaemon, type FakePath } from './fake-daemon.ts'
import { storePath } from '../store-path.ts'

export const VALID = storePath('aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-valid')
export const ABSENT_PATH = storePath('zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-nobody-made-this')
export const PATHS = new Map<string, FakePath>([
  [VALID, { narHash: 'a'.repeat(64), narSize: 120, references: [VALID] }],
])
/** @param minor of the protocol that it offers. */
export const fakeWith = (minor: number) => fakeDaemon({ protocol: { major: 1, minor }, paths: PATHS })
