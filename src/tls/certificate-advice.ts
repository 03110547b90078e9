/** Warns of what clients will complain about: certificates near their end, without names, or without the ones between. */
import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { subjectOf, type Certificates } from './certificate-files.ts'

const DAY_MS = 86_400_000
/** cert-manager renews 30 days before the end of 90 by default, so at 14 something has gone wrong. */
const NEAR_MS = 14 * DAY_MS
/** A certificate for a day is near its end when a sixth of its time is left. cert-manager renews at a third. */
const NEAR_SHARE = 1 / 6

/** Returns a line for each thing to be warned of. The same state gives the same lines. */
export function adviceOn(
  { chain, openKey }: Pick<Certificates, 'chain' | 'openKey'>,
  now: Date,
): readonly string[] {
  return [
    ...chain.flatMap((certificate) => validityAdvice(certificate, now)),
    ...nameAdvice(chain[0]),
    ...chainAdvice(chain),
    ...(openKey === undefined ? [] : [`every user of this machine can read the key: ${openKey}`]),
  ]
}

/** The time at which the first certificate of the chain ends. */
export function endOf(chain: Certificates['chain']): Date {
  return new Date(Math.min(...chain.map(({ validToDate }) => validToDate.getTime())))
}

function validityAdvice(certificate: X509Certificate, now: Date): readonly string[] {
  const from = certificate.validFromDate.getTime()
  const until = certificate.validToDate.getTime()
  const name = `the certificate of ${subjectOf(certificate)}`
  if (now.getTime() < from)
    return [`${name} is not valid before ${iso(from)}: clients refuse it; check the clock of this machine`]
  if (now.getTime() >= until) return [`${name} expired on ${iso(until)}: clients refuse it; renew it`]
  const isNear = until - now.getTime() < Math.min(NEAR_MS, (until - from) * NEAR_SHARE)
  return isNear ? [`${name} ends on ${iso(until)}: renew it`] : []
}

function nameAdvice(leaf: X509Certificate): readonly string[] {
  if (leaf.subjectAltName !== undefined) return []
  return [
    'the certificate has no subject alternative names: clients refuse it, since they ignore the common name',
  ]
}

function chainAdvice(chain: Certificates['chain']): readonly string[] {
  const wrong = chain.findIndex((one, index) => {
    const next = chain[index + 1]
    return next !== undefined && !one.checkIssued(next)
  })
  if (wrong !== -1)
    return [
      `certificate ${wrong + 2} in the file did not issue certificate ${wrong + 1}: the order is the server's own, then each one's issuer`,
    ]
  const last = chain.at(-1) ?? chain[0]
  // An authority of one's own often signs directly. A public one never does, and says where its certificate is.
  if (!/^CA Issuers/m.test(last.infoAccess ?? '') || isIssuedByRoot(last)) return []
  return [
    `the chain ends before ${last.issuer.replaceAll('\n', ', ')}, which no client knows by itself: append its certificate to the file`,
  ]
}

function isIssuedByRoot(certificate: X509Certificate): boolean {
  return rootCertificates.some((pem) => certificate.checkIssued(new X509Certificate(pem)))
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
