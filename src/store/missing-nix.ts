/** There is no Nix here: what was looked for, where, and what to do. For a person who has just begun. */

/** The message says all of it, so nothing needs to be put before it. */
export class NixMissing extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NixMissing'
  }
}

/** The directory in which Nix's installer puts its programs. Services and `sudo` often run without it. */
const PROFILE_BIN = '/nix/var/nix/profiles/default/bin'

const ADVICE = `install Nix 2.8 or later (if it is installed, add ${PROFILE_BIN} to PATH)`

/** `not in PATH (/usr/bin:/bin)`: where the system looked for a program of Nix's that it didn't find. */
export function notInPath(program: string): string {
  // The system reads the variable by itself when it starts a program; here it is only shown.
  const { PATH: searched = '' } = process.env
  return searched === ''
    ? `${program} was not found: PATH is empty`
    : `${program} is not in PATH (${searched})`
}

/** @param socket where no daemon answered. @param why that is, for people. */
export function neitherFound(socket: string, why: string, program: string): NixMissing {
  return new NixMissing(
    `neither a Nix daemon nor ${program} was found: ${socket}: ${why}; ${notInPath(program)}; ${ADVICE}, or say with --nix how to reach it`,
  )
}

/** @param program a part of Nix, which is all that is needed. */
export function programMissing(program: string): NixMissing {
  return new NixMissing(`${notInPath(program)}: ${ADVICE}`)
}
