/** Makes X.509 certificates (RFC 5280) for keys on the curve P-256. Node reads certificates, and doesn't make them. */
import { createHash } from 'node:crypto'
import { isIP, isIPv4 } from 'node:net'
import { domainToASCII } from 'node:url'
import * as der from './der.ts'

export type CertificateUse = 'authority' | 'server' | 'client'

export type CertificateFacts = {
  readonly use: CertificateUse
  /** The common name. Clients look at `names` instead. */
  readonly subject: string
  readonly issuer: string
  /** Any 16 bytes that no other certificate of the issuer has. */
  readonly serial: Uint8Array
  readonly from: Date
  readonly until: Date
  /** Host names and IP addresses. */
  readonly names: readonly string[]
  /** The public key, as SPKI in DER. */
  readonly publicKey: Uint8Array
  /** The issuer's. */
  readonly issuerKey: Uint8Array
}

/** RFC 5280, appendix A.1: ub-common-name. */
const MAX_COMMON_NAME = 64
const KEY_ID_BYTES = 20
const ECDSA_WITH_SHA256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))
const COMMON_NAME = der.oid('2.5.4.3')
const VERSION_3 = der.explicit(0, der.integer(Uint8Array.of(2)))
const PURPOSES = {
  server: der.oid('1.3.6.1.5.5.7.3.1'),
  client: der.oid('1.3.6.1.5.5.7.3.2'),
} as const
const DNS_NAME = 2
const IP_ADDRESS = 7

/**
 * Returns the certificate in PEM.
 * @param sign signs with the issuer's key: ECDSA with SHA-256, as a sequence of two numbers in DER.
 */
export function makeCertificate(facts: CertificateFacts, sign: (bytes: Uint8Array) => Uint8Array): string {
  const signed = der.sequence(
    VERSION_3,
    der.integer(facts.serial),
    ECDSA_WITH_SHA256,
    distinguishedName(facts.issuer),
    der.sequence(der.time(facts.from), der.time(facts.until)),
    distinguishedName(facts.subject),
    facts.publicKey,
    der.explicit(3, der.sequence(...extensionsOf(facts))),
  )
  const certificate = der.sequence(signed, ECDSA_WITH_SHA256, der.bitString(sign(signed)))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** Whether a certificate can have the name: an IP address, or a host name that may begin with `*.`. */
export function isCertificateName(name: string): boolean {
  if (isIP(name) !== 0) return true
  const ascii = domainToASCII(name.replace(/^\*\./, ''))
  return (
    ascii.length <= 253 && /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}$/i.test(ascii)
  )
}

function extensionsOf({ use, names, publicKey, issuerKey }: CertificateFacts): readonly Buffer[] {
  const isAuthority = use === 'authority'
  // keyCertSign and cRLSign, or digitalSignature (section 4.2.1.3).
  const keyUsage = isAuthority ? der.bitString(Uint8Array.of(0x06), 1) : der.bitString(Uint8Array.of(0x80), 7)
  return [
    extension('2.5.29.19', isAuthority ? der.sequence(der.TRUE) : der.sequence(), 'critical'),
    extension('2.5.29.15', keyUsage, 'critical'),
    ...(use === 'authority' ? [] : [extension('2.5.29.37', der.sequence(PURPOSES[use]))]),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', der.sequence(...names.map(generalName)))]),
    extension('2.5.29.14', der.octetString(keyId(publicKey))),
    extension('2.5.29.35', der.sequence(der.implicit(0, keyId(issuerKey)))),
  ]
}

function extension(id: string, value: Uint8Array, critical?: 'critical'): Buffer {
  return der.sequence(der.oid(id), ...(critical === undefined ? [] : [der.TRUE]), der.octetString(value))
}

function distinguishedName(commonName: string): Buffer {
  const text = der.utf8(commonName.slice(0, MAX_COMMON_NAME))
  return der.sequence(der.set(der.sequence(COMMON_NAME, text)))
}

function generalName(name: string): Buffer {
  if (isIP(name) !== 0) return der.implicit(IP_ADDRESS, addressBytes(name))
  const [wildcard, rest] = name.startsWith('*.') ? ['*.', name.slice(2)] : ['', name]
  return der.implicit(DNS_NAME, Buffer.from(`${wildcard}${domainToASCII(rest)}`))
}

function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number))
  // A URL has the shortest form, in hexadecimal groups alone.
  const shortest = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = [], tail = []] = shortest
    .split('::')
    .map((part) => part.split(':').flatMap((group) => (group === '' ? [] : [Number.parseInt(group, 16)])))
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

/** RFC 7093, section 2: 160 bits of a SHA-256. */
function keyId(publicKey: Uint8Array): Buffer {
  return createHash('sha256').update(publicKey).digest().subarray(0, KEY_ID_BYTES)
}
