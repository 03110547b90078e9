import { X509Certificate, generateKeyPairSync } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { adviceOn } from '../../src/tls/certificate-advice.ts'
import { readCertificates } from '../../src/tls/certificate-files.ts'
import { daysAfter } from '../../src/tls/self-signed.ts'
import { testAuthority, writePair } from '../support/certificates.ts'

const NOW = new Date('2026-05-01T12:00:00Z')
const authority = testAuthority(NOW)
const pair = authority.server()
const other = authority.server()

async function files(t: Test, certificate: string, key: string, ca?: string) {
  const directory = t.testdir()
  const written = await writePair(directory, { certificate, key })
  const clientCaFile = ca === undefined ? undefined : join(directory, 'ca.crt')
  if (clientCaFile !== undefined) await writeFile(clientCaFile, ca ?? '')
  return { ...written, clientCaFile }
}

void t.test('a pair, with the authority of clients', async (t) => {
  const read = readCertificates(await files(t, pair.certificate, pair.key, authority.ca))
  t.equal(read.chain.length, 1)
  t.equal(read.cert, pair.certificate)
  t.equal(read.clientCa, authority.ca)
  t.strictSame(adviceOn(read, NOW), [])
  const chained = readCertificates(await files(t, pair.certificate + authority.ca, pair.key))
  t.equal(chained.chain.length, 2)
  t.strictSame(adviceOn(chained, NOW), [])
})

void t.test('one file for both', async (t) => {
  const { keyFile } = await files(t, '', pair.certificate + pair.key)
  t.equal(readCertificates({ certFile: keyFile, keyFile, clientCaFile: undefined }).chain.length, 1)
})

void t.test('what can’t be used is refused, with the file and the reason', async (t) => {
  const half = pair.certificate.slice(0, 300)
  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
  }).privateKey
  const damaged = pair.certificate.replace(/\n[A-Za-z0-9+/]{8}/, '\nAAAAAAAA')
  for (const [name, certificate, key, message] of [
    ['an empty certificate', '', pair.key, /certificate .*tls\.crt: no certificate in it/],
    ['half of one', half, pair.key, /certificate .*tls\.crt: no certificate in it/],
    ['a damaged one', damaged, pair.key, /certificate 1 in it is damaged/],
    ['an empty key', pair.certificate, '', /key .*tls\.key: no private key in it/],
    ['half of a key', pair.certificate, pair.key.slice(0, 100), /no private key in it/],
    ['a certificate for a key', pair.certificate, pair.certificate, /no private key in it/],
    ['an encrypted key', pair.certificate, encrypted, /is encrypted: decrypt it/],
    ['another key', pair.certificate, other.key, /tls\.key: does not fit .*tls\.crt \(CN=localhost\)/],
    ['the chain the wrong way round', authority.ca + pair.certificate, pair.key, /fits certificate 2 in it/],
  ] as const) {
    const written = await files(t, certificate, key)
    t.throws(() => readCertificates(written), { kind: 'unavailable', message }, name)
  }
  const written = await files(t, pair.certificate, pair.key, 'nothing')
  t.throws(() => readCertificates(written), { message: /client CA .*ca\.crt: no certificate in it/ })
  for (const name of ['certFile', 'keyFile', 'clientCaFile'] as const)
    t.throws(
      () => readCertificates({ ...written, [name]: '/nowhere' }),
      { kind: 'unavailable', message: /\/nowhere: no such file/ },
      name,
    )
})

void t.test('the mode of the key', async (t) => {
  const written = await files(t, pair.certificate, pair.key)
  for (const [mode, expected] of [
    [0o600, undefined],
    // A Secret of Kubernetes with an fsGroup.
    [0o440, undefined],
    [0o644, `chmod o-rwx ${written.keyFile}`],
  ] as const) {
    await chmod(written.keyFile, mode)
    const read = readCertificates(written)
    t.equal(read.openKey, expected, mode.toString(8))
    t.equal(adviceOn(read, NOW).length, expected === undefined ? 0 : 1)
  }
  await chmod(written.keyFile, 0o666)
  t.throws(() => readCertificates(written), {
    message: /mode 0666 lets other users write it: chmod g-w,o-rwx/,
  })
})

void t.test('what clients will complain about', async (t) => {
  const nameless = authority.client('nobody')
  for (const [name, { certificate, key }, now, expected] of [
    ['90 days, at the start', pair, NOW, []],
    [
      '90 days, at the 77th',
      pair,
      daysAfter(NOW, 77),
      [/CN=localhost ends on 2026-07-30T12:00:00Z: renew it/],
    ],
    ['90 days, after the 90th', pair, daysAfter(NOW, 91), [/expired on 2026-07-30T12:00:00Z/]],
    ['before it begins', pair, daysAfter(NOW, -1), [/not valid before 2026-05-01T11:00:00Z/]],
    ['one day, at the start', authority.server(NOW, daysAfter(NOW, 1)), NOW, []],
    ['one day, at its end', authority.server(NOW, daysAfter(NOW, 1)), daysAfter(NOW, 0.95), [/ends on/]],
    ['no names', nameless, NOW, [/no subject alternative names/]],
  ] as const) {
    const advice = adviceOn(readCertificates(await files(t, certificate, key)), now)
    t.equal(advice.length, expected.length, name)
    for (const [i, pattern] of expected.entries()) t.match(advice[i], pattern, name)
  }
  const stray = testAuthority(NOW).ca
  const [advice] = adviceOn(readCertificates(await files(t, pair.certificate + stray, pair.key)), NOW)
  t.match(advice, /certificate 2 in the file did not issue certificate 1/)
})

/** Says where its issuer's certificate is, as those of public authorities do. Made with openssl x509. */
const PUBLISHED = new X509Certificate(`-----BEGIN CERTIFICATE-----
MIIB1TCCAXugAwIBAgIUJ0qYzECfK0XVcBgZdIKWUsZqZFgwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOSW50ZXJtZWRpYXRlIDMwIBcNMjYxMTI3MDgxNTE1WhgPMjEy
NTA2MjEwODE1MTVaMB8xHTAbBgNVBAMMFHJlZ2lzdHJ5LmV4YW1wbGUub3JnMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEo6imKejW7J/0Jid15JzfzRamnx6WxQZa
T0VPQ4odKpaQ+EkCWvYGbmvWep+F7BWw227eBFXiVYfm3XteYFz+gKOBmDCBlTAf
BgNVHREEGDAWghRyZWdpc3RyeS5leGFtcGxlLm9yZzAyBggrBgEFBQcBAQQmMCQw
IgYIKwYBBQUHMAKGFmh0dHA6Ly9pLmV4YW1wbGUvMy5kZXIwHQYDVR0OBBYEFAhV
W8nKzQyuePXGFAy6+bXwFNIfMB8GA1UdIwQYMBaAFGGHDKLCtTSladieM/mk7FhZ
X50/MAoGCCqGSM49BAMCA0gAMEUCIQDnP37B3RrIdQj3/dhYups2+nkPGZYP9jlq
BmrSN1k4QgIgXD3FzGKIYu2opd8oGTuyiKZgHt7gSVqA/YUBlR2HcpM=
-----END CERTIFICATE-----`)

void t.test('a public certificate without its intermediate', async (t) => {
  const now = PUBLISHED.validFromDate
  t.match(adviceOn({ chain: [PUBLISHED], openKey: undefined }, now), [
    /the chain ends before CN=Intermediate 3, which no client knows by itself: append its certificate/,
  ])
})
