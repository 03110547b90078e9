/** The settings of the server as those of its own Nix. Source: Nix manual, "nix.conf"; environment variables of Nix. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { RegistryError } from '../../core/errors/errors.ts'
import { explainSystemError } from '../../core/errors/system-error.ts'

export type OwnNixSettings = {
  /** A directory for files that Nix needs of us. */
  readonly directory: string
  /** Binary caches and public keys, as nix.conf has them: separated by spaces. */
  readonly caches: string
  readonly trustedKeys: string
  readonly requiresSignature: boolean
  /** A file of credentials for caches. */
  readonly netrcFile: string | undefined
  /** A file of certificates of authorities that caches may have, beside the well-known ones. */
  readonly authoritiesFile: string | undefined
  /** A file of remote builders, as `builders = @FILE` of nix.conf. */
  readonly buildersFile: string | undefined
}

/** The places of builds (own-nix.ts), and the check whether there can be a sandbox. */
export type NixMode = 'check' | 'sandbox' | 'unsandboxed' | 'elsewhere' | 'nowhere'

/** Lines of nix.conf. With no jobs, Nix runs only its own builders here, such as that of downloads. */
const LINES_OF: Readonly<Record<NixMode, readonly string[]>> = {
  // Neither a cache nor another machine may bring the result.
  check: ['sandbox = true', 'substitute = false', 'builders ='],
  sandbox: ['sandbox = true'],
  unsandboxed: ['sandbox = false'],
  elsewhere: ['sandbox = false', 'max-jobs = 0'],
  nowhere: ['sandbox = true', 'max-jobs = 0'],
}

export type NixEnvironment = Readonly<Record<string, string>>

/**
 * Writes the files that Nix needs of us, once.
 * @returns the environment of a Nix, for each mode.
 * @throws RegistryError `unavailable` for a file or directory that can't be used.
 */
export function nixEnvironments(settings: OwnNixSettings): (mode: NixMode) => NixEnvironment {
  const { caches, trustedKeys, requiresSignature, netrcFile, buildersFile } = settings
  const files = filesOf(settings)
  const lines = [
    // What the operator says in this variable counts where it says nothing of what follows.
    process.env['NIX_CONFIG'] ?? '',
    `substituters = ${caches}`,
    `trusted-public-keys = ${trustedKeys}`,
    `require-sigs = ${requiresSignature}`,
    ...(netrcFile === undefined ? [] : [`netrc-file = ${netrcFile}`]),
    `builders = ${buildersFile === undefined ? '' : `@${buildersFile}`}`,
    // Nix as one user, which has no others to build as.
    'build-users-group =',
    'sandbox-fallback = false',
  ]
  return (mode) => ({
    ...files,
    NIX_CONFIG: [...lines, ...LINES_OF[mode]].join('\n'),
    // Without it, Nix of an ordinary user takes a store in the home directory while /nix is empty.
    NIX_REMOTE: 'local',
  })
}

/** Makes a home, and a file of authorities where there are own ones: Nix reads one file of them, so it has all. */
function filesOf({ directory, authoritiesFile }: OwnNixSettings): NixEnvironment {
  // Nix demands a home that belongs to its user, and a volume belongs to root.
  const home = join(directory, 'home')
  const authorities = join(directory, 'authorities.pem')
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    if (authoritiesFile === undefined) return { HOME: home }
    writeFileSync(authorities, [...rootCertificates, readFileSync(authoritiesFile, 'utf8')].join('\n'))
    return { HOME: home, NIX_SSL_CERT_FILE: authorities }
  } catch (cause) {
    throw new RegistryError('unavailable', explainSystemError(cause) ?? `${directory} cannot be used`, {
      cause,
    })
  }
}
