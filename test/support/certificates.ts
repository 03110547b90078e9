/** Certificates of a private authority for tests, in files as `--tls-cert` and `--tls-key` take them. */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, daysAfter, issueCertificate, makeAuthority } from '../../src/tls/self-signed.ts'
import type { KeyedCertificate } from '../../src/tls/self-signed.ts'

export type TestAuthority = {
  /** The authority's certificate, in PEM. */
  readonly ca: string
  /** Issues for a server at 127.0.0.1, localhost and nix.internal. */
  readonly server: (from?: Date, until?: Date) => KeyedCertificate
  readonly client: (name: string, until?: Date) => KeyedCertificate
}

export function testAuthority(now: Date = new Date()): TestAuthority {
  const authority = makeAuthority(now)
  const issue = (use: 'server' | 'client', names: readonly string[], from: Date, until: Date) =>
    issueCertificate(authority, { use, names, from, until })
  return {
    ca: authority.certificate,
    server: (from = before(now), until = daysAfter(now, 90)) =>
      issue('server', ['localhost', '127.0.0.1', 'nix.internal'], from, until),
    client: (name, until = daysAfter(now, 90)) => issue('client', [name], before(now), until),
  }
}

/** Writes the pair as `tls.crt` and `tls.key`, each by a rename. */
export async function writePair(directory: string, { certificate, key }: KeyedCertificate) {
  const certFile = join(directory, 'tls.crt')
  const keyFile = join(directory, 'tls.key')
  for (const [file, text] of [
    [certFile, certificate],
    [keyFile, key],
  ] as const) {
    await writeFile(`${file}.new`, text, { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
  return { certFile, keyFile }
}
