import { X509Certificate, createPrivateKey } from 'node:crypto'
import t from 'tap'
import { isCertificateName } from '../../src/tls/make-certificate.ts'
import { before, daysAfter, issueCertificate, makeAuthority } from '../../src/tls/self-signed.ts'

const NOW = new Date('2026-05-01T12:00:00Z')
const authority = makeAuthority(NOW)
const issue = (names: readonly string[], use: 'server' | 'client' = 'server', until = daysAfter(NOW, 30)) =>
  issueCertificate(authority, { use, names, from: before(NOW), until })

void t.test('an authority', async (t) => {
  const ca = new X509Certificate(authority.certificate)
  t.match(ca.subject, /^CN=pushless CA [0-9a-f]{8}$/)
  t.ok(ca.ca)
  t.ok(ca.verify(ca.publicKey), 'signed by itself')
  t.ok(ca.checkPrivateKey(createPrivateKey(authority.key)))
  t.equal(ca.validToDate.toISOString(), '2036-04-28T12:00:00.000Z')
  t.not(ca.subject, new X509Certificate(makeAuthority(NOW).certificate).subject)
})

void t.test('a server’s certificate', async (t) => {
  const ca = new X509Certificate(authority.certificate)
  const { certificate, key } = issue([
    'registry.example.org',
    '*.below.example.org',
    'müller.example',
    '127.0.0.1',
    '::1',
    '2001:db8::1:2',
    '1:2:3:4:5:6:7:8',
    '::ffff:10.0.0.1',
  ])
  const leaf = new X509Certificate(certificate)
  t.ok(leaf.checkIssued(ca), 'names its authority')
  t.ok(leaf.verify(ca.publicKey))
  t.ok(leaf.checkPrivateKey(createPrivateKey(key)))
  t.notOk(leaf.ca)
  t.strictSame(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for servers')
  t.equal(leaf.subject, 'CN=registry.example.org')
  t.equal(leaf.validFromDate.toISOString(), '2026-05-01T11:00:00.000Z')
  t.equal(leaf.validToDate.toISOString(), '2026-05-31T12:00:00.000Z')
  for (const host of ['registry.example.org', 'a.below.example.org', 'xn--mller-kva.example'])
    t.ok(leaf.checkHost(host), host)
  for (const ip of ['127.0.0.1', '::1', '2001:db8::1:2', '1:2:3:4:5:6:7:8', '::ffff:10.0.0.1'])
    t.ok(leaf.checkIP(ip), ip)
  t.notOk(leaf.checkHost('other.example.org'))
  t.notOk(leaf.checkIP('127.0.0.2'))
})

void t.test('a client’s certificate has no names', async (t) => {
  const leaf = new X509Certificate(issue(['node-1'], 'client').certificate)
  t.strictSame(leaf.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  t.equal(leaf.subject, 'CN=node-1')
  t.equal(leaf.subjectAltName, undefined)
})

void t.test('dates from 2050 on, and each serial is another', async (t) => {
  const one = new X509Certificate(issue(['a'], 'server', new Date('2051-02-03T04:05:06Z')).certificate)
  t.equal(one.validToDate.toISOString(), '2051-02-03T04:05:06.000Z')
  t.not(one.serialNumber, new X509Certificate(issue(['a']).certificate).serialNumber)
})

void t.test('names that a certificate can have', async (t) => {
  for (const name of ['a', 'nix.internal', '*.example.org', '10.0.0.1', '::1', 'müller.example', 'node_1'])
    t.ok(isCertificateName(name), name)
  for (const name of [
    '',
    'a..b',
    'https://a',
    'a:5000',
    '*',
    '*.*.a',
    '-a.b',
    'a b',
    'x'.repeat(64),
    '1.2.3.4.5.',
  ])
    t.notOk(isCertificateName(name), name)
})
