/** Reads the certificate, its key and the authorities of clients, and says what is wrong with them before a client does. */
import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { RegistryError } from '../core/errors/errors.ts'
import { systemReason } from '../core/errors/system-error.ts'
import { judgeMode } from '../core/file-state.ts'

export type CertificateFiles = {
  readonly certFile: string
  readonly keyFile: string
  /** The authorities that sign certificates of clients; `undefined` where clients have none. */
  readonly clientCaFile: string | undefined
}

export type Certificates = {
  /** In PEM, as the files have them. */
  readonly cert: string
  readonly key: string
  readonly clientCa: string | undefined
  /** The server's own certificate first. */
  readonly chain: readonly [X509Certificate, ...X509Certificate[]]
  /** The `chmod` that ends it, if every user of the machine may read the key. */
  readonly openKey: string | undefined
}

const PEM = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^]*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g
const MAX_FILE = 1024 * 1024

/** @throws RegistryError `unavailable` that names the file, what is wrong with it, and what to do. */
export function readCertificates(files: CertificateFiles): Certificates {
  const { certFile, keyFile, clientCaFile } = files
  const cert = readText('certificate', certFile).text
  const { text: key, mode } = readText('key', keyFile)
  const chain = parseChain('certificate', certFile, cert)
  assertFits(files, chain, parseKey(keyFile, key))
  const clientCa = clientCaFile === undefined ? undefined : readText('client CA', clientCaFile).text
  if (clientCaFile !== undefined && clientCa !== undefined) parseChain('client CA', clientCaFile, clientCa)
  try {
    createSecureContext({ cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) })
  } catch (cause) {
    throw refusal('certificate', certFile, 'OpenSSL does not take it', cause)
  }
  return { cert, key, clientCa, chain, openKey: openKeyAdvice(keyFile, mode) }
}

type Role = 'certificate' | 'key' | 'client CA'

function refusal(role: Role, file: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('unavailable', `TLS ${role} ${file}: ${why}`, { cause })
}

function readText(role: Role, file: string): { readonly text: string; readonly mode: bigint | undefined } {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const stats = fstatSync(descriptor, { bigint: true })
      if (stats.size > MAX_FILE) throw refusal(role, file, 'larger than 1 MB: expected PEM')
      return { text: readFileSync(descriptor, 'utf8'), mode: stats.isFile() ? stats.mode : undefined }
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    throw refusal(role, file, systemReason(cause) ?? 'cannot be read', cause)
  }
}

function parseChain(role: Role, file: string, text: string): Certificates['chain'] {
  const [first, ...rest] = (text.match(PEM) ?? []).map((pem, index) => {
    try {
      return new X509Certificate(pem)
    } catch (cause) {
      throw refusal(role, file, `certificate ${index + 1} in it is damaged`, cause)
    }
  })
  if (first === undefined)
    throw refusal(role, file, 'no certificate in it: expected PEM, with -----BEGIN CERTIFICATE-----')
  return [first, ...rest]
}

function parseKey(file: string, text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (cause) {
    if (/ENCRYPTED/.test(text))
      throw refusal('key', file, 'is encrypted: decrypt it with openssl pkey -in FILE -out FILE', cause)
    throw refusal('key', file, 'no private key in it: expected PEM, with -----BEGIN PRIVATE KEY-----', cause)
  }
}

function assertFits(
  { certFile, keyFile }: CertificateFiles,
  chain: Certificates['chain'],
  key: KeyObject,
): void {
  const place = chain.findIndex((certificate) => certificate.checkPrivateKey(key))
  if (place === 0) return
  throw place === -1
    ? refusal('key', keyFile, `does not fit the certificate in ${certFile} (${subjectOf(chain[0])})`)
    : refusal('certificate', certFile, `the key fits certificate ${place + 1} in it: put that one first`)
}

/** @throws RegistryError `unavailable` where others may write the key. */
function openKeyAdvice(file: string, mode: bigint | undefined): string | undefined {
  if (mode === undefined) return undefined
  const verdict = judgeMode(file, mode)
  if (verdict.kind === 'writable')
    throw refusal('key', file, `its mode ${verdict.mode} lets other users write it: ${verdict.advice}`)
  return verdict.kind === 'readable' ? verdict.advice : undefined
}

/** The subject on one line: `CN=registry.example.org`. */
export function subjectOf(certificate: X509Certificate): string {
  return certificate.subject.replaceAll('\n', ', ')
}
