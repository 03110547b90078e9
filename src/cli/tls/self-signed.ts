/** `pushless tls self-signed`: makes an authority if there is none yet, and certificates that it signs. */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { RegistryError } from '../../core/errors/errors.ts'
import { systemCode, systemReason } from '../../core/errors/system-error.ts'
import { isCertificateName } from '../../tls/make-certificate.ts'
import {
  before,
  daysAfter,
  issueCertificate,
  makeAuthority,
  type KeyedCertificate,
} from '../../tls/self-signed.ts'
import { UsageError } from '../usage-error.ts'

export type SelfSignedOptions = {
  readonly names: readonly string[]
  readonly directory: string
  readonly days: string
  readonly clients: readonly string[]
}

const MAX_DAYS = 3650
const PRIVATE = 0o600
const PUBLIC = 0o644
/** Names of files that the command makes for itself. */
const RESERVED = new Set(['ca', 'tls'])

/** @throws UsageError for names and days that can't be; RegistryError `unavailable` for a directory that can't be used. */
export async function selfSigned({ names, directory, days, clients }: SelfSignedOptions): Promise<void> {
  const all = names.length === 0 ? ownNames() : [...new Set(names)]
  for (const name of all)
    if (!isCertificateName(name))
      throw new UsageError(`${name}: expected a host name or an IP address, such as registry.example.org`)
  for (const client of clients)
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(client) || RESERVED.has(client))
      throw new UsageError(`--client ${client}: expected a name of letters, digits, dots and dashes`)
  const now = new Date()
  const [from, until] = [before(now), daysAfter(now, readDays(days))]
  await explained(directory, mkdir(directory, { recursive: true, mode: 0o700 }))
  const authority = await openAuthority(directory, now)
  const made = [
    ...(await writePair(directory, 'tls', issue(authority, { use: 'server', names: all, from, until }))),
  ]
  for (const client of clients)
    made.push(
      ...(await writePair(
        directory,
        client,
        issue(authority, { use: 'client', names: [client], from, until }),
      )),
    )
  process.stdout.write(summary(directory, all, until, made))
}

function ownNames(): readonly string[] {
  return [...new Set(['localhost', hostname().toLowerCase(), 'nix.internal', '127.0.0.1', '::1'])].filter(
    isCertificateName,
  )
}

function readDays(text: string): number {
  const days = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0
  if (days > 0 && days <= MAX_DAYS) return days
  throw new UsageError(`--days ${text}: expected a whole number from 1 to ${MAX_DAYS}`)
}

/** Reads the authority of an earlier call, or makes one. Certificates of other origin are never replaced. */
async function openAuthority(directory: string, now: Date): Promise<KeyedCertificate> {
  const [certFile, keyFile] = [join(directory, 'ca.crt'), join(directory, 'ca.key')]
  const [certificate, key] = [await read(certFile), await read(keyFile)]
  if (certificate !== undefined && key !== undefined) return { certificate, key }
  for (const name of ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
    if (await isThere(join(directory, name)))
      throw new RegistryError(
        'unavailable',
        `${join(directory, name)}: is there already, and was not made with an authority in this directory: name another with --output`,
      )
  const authority = makeAuthority(now)
  await writePair(directory, 'ca', authority)
  return authority
}

function issue(
  authority: KeyedCertificate,
  options: Parameters<typeof issueCertificate>[1],
): KeyedCertificate {
  try {
    return issueCertificate(authority, options)
  } catch (cause) {
    throw new RegistryError('unavailable', 'ca.crt and ca.key: not an authority that pushless made', {
      cause,
    })
  }
}

/** Writes `<name>.crt` and `<name>.key`, each by a rename: a registry may be reading them. */
async function writePair(
  directory: string,
  name: string,
  { certificate, key }: KeyedCertificate,
): Promise<readonly string[]> {
  const [certFile, keyFile] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)]
  await replace(keyFile, key, PRIVATE)
  await replace(certFile, certificate, PUBLIC)
  return [certFile, keyFile]
}

async function replace(file: string, text: string, mode: number): Promise<void> {
  const partial = `${file}.${process.pid}.partial`
  await explained(file, writeFile(partial, text, { mode, flag: 'wx' }))
  await explained(file, rename(partial, file))
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw unusable(file, error)
  }
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

async function explained<T>(file: string, work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw unusable(file, cause)
  })
}

function unusable(file: string, cause: unknown): RegistryError {
  return new RegistryError('unavailable', `${file}: ${systemReason(cause) ?? 'cannot be used'}`, { cause })
}

function summary(directory: string, names: readonly string[], until: Date, made: readonly string[]): string {
  const at = (name: string) => join(directory, name)
  return `made ${made.join(', ')}: for ${names.join(', ')}, until ${until.toISOString().slice(0, 10)}

Serve with it:
  pushless serve --tls-cert ${at('tls.crt')} --tls-key ${at('tls.key')}

Clients trust it by its authority, ${at('ca.crt')}. Keep ${at('ca.key')} secret: it renews the certificate.
`
}
