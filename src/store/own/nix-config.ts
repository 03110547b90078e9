/** The settings of the server as those of its own Nix. Source: Nix manual, "nix.conf"; environment variables of Nix. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** @throws RegistryError `unavailable` for a file that can't be used. */
export function nixEnvironment(settings: OwnNixSettings, mode: NixMode): NixEnvironment {
  const { directory, caches, trustedKeys, requiresSignature, netrcFile, buildersFile } = settings
  const lines = [
    `substituters = ${caches}`,
    `trusted-public-keys = ${trustedKeys}`,
    `require-sigs = ${requiresSignature}`,
    ...(netrcFile === undefined ? [] : [`netrc-file = ${netrcFile}`]),
    `builders = ${buildersFile === undefined ? '' : `@${buildersFile}`}`,
    // Nix as one user, which has no others to build as.
    'build-users-group =',
    'sandbox-fallback = false',
    ...LINES_OF[mode],
  ]
  const home = join(directory, 'home')
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    return {
      // What the operator says in this variable counts where it says nothing of the above.
      NIX_CONFIG: [process.env['NIX_CONFIG'] ?? '', ...lines].join('\n'),
      // Without it, Nix of an ordinary user takes a store in the home directory while /nix is empty.
      NIX_REMOTE: 'local',
      // Nix demands one that belongs to its user, and a volume belongs to root.
      HOME: home,
      ...authorities(settings),
    }
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    throw new RegistryError('unavailable', explainSystemError(cause) ?? `${directory} cannot be used`, {
      cause,
    })
  }
}

/** Nix reads one file of authorities, so ours stand in one file with the well-known ones. */
function authorities({ directory, authoritiesFile }: OwnNixSettings): NixEnvironment {
  if (authoritiesFile === undefined) return {}
  if (!existsSync(authoritiesFile))
    throw new RegistryError('unavailable', `${authoritiesFile} cannot be read`)
  const file = join(directory, 'authorities.pem')
  writeFileSync(file, [...rootCertificates, readFileSync(authoritiesFile, 'utf8')].join('\n'))
  return { NIX_SSL_CERT_FILE: file }
}
