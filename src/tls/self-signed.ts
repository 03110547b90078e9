/** A certificate authority of one's own, and certificates that it signs. For a first try, and for tests. */
import {
  X509Certificate,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto'
import { makeCertificate, type CertificateUse } from './make-certificate.ts'

/** A certificate and its key, both in PEM. */
export type KeyedCertificate = { readonly certificate: string; readonly key: string }

export type IssueOptions = {
  readonly use: Exclude<CertificateUse, 'authority'>
  /** Host names and addresses of a server. The first is its subject. */
  readonly names: readonly string[]
  readonly from: Date
  readonly until: Date
}

const SERIAL_BYTES = 16
/** Clocks of clients may be behind ours. */
const CLOCK_SLACK_MS = 3_600_000
const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650

/** Makes an authority that is valid for ten years. */
export function makeAuthority(now: Date): KeyedCertificate {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // Two authorities of one name would confuse clients that have both.
  const name = `pushless CA ${randomBytes(4).toString('hex')}`
  const until = new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS)
  const facts = {
    use: 'authority',
    subject: name,
    issuer: name,
    names: [],
    from: before(now),
    until,
  } as const
  return { certificate: certify(facts, privateKey, privateKey), key: pem(privateKey) }
}

/** @throws an error of node:crypto for an authority that isn't one of `makeAuthority`. */
export function issueCertificate(authority: KeyedCertificate, options: IssueOptions): KeyedCertificate {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = /^CN=(.*)$/m.exec(new X509Certificate(authority.certificate).subject)?.[1] ?? ''
  const { use, names, from, until } = options
  const facts = { use, subject: names[0] ?? '', issuer, names: use === 'server' ? names : [], from, until }
  return {
    certificate: certify(facts, privateKey, createPrivateKey(authority.key)),
    key: pem(privateKey),
  }
}

/** The time from which a new certificate is valid. */
export function before(now: Date): Date {
  return new Date(now.getTime() - CLOCK_SLACK_MS)
}

/** The time until which a certificate for so many days is valid. */
export function daysAfter(now: Date, days: number): Date {
  return new Date(now.getTime() + days * DAY_MS)
}

type Facts = Omit<Parameters<typeof makeCertificate>[0], 'serial' | 'publicKey' | 'issuerKey'>

function certify(facts: Facts, key: KeyObject, issuerKey: KeyObject): string {
  const serial = randomBytes(SERIAL_BYTES)
  // Never negative, and never shorter.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return makeCertificate(
    { ...facts, serial, publicKey: publicDer(key), issuerKey: publicDer(issuerKey) },
    (bytes) => sign('sha256', bytes, issuerKey),
  )
}

function publicDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' })
}

function pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}
