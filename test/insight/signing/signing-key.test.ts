import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { parseSigningKey } from '../../../src/core/nix/signature.ts'
import { bundle, envelope } from '../../../src/insight/signing/bundle.ts'
import { generateSecretKey, parseSecretKey, readSecretKey } from '../../../src/insight/signing/signing-key.ts'
import { missing } from '../../support/requirement.ts'
import { nixEnv } from '../../support/nix.ts'

const pem = (type: 'ed25519' | 'rsa'): string =>
  (type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ed25519')
  ).privateKey
    .export({ format: 'pem', type: 'pkcs8' })
    .toString()

void t.test('a key that is made signs, and its public forms verify', async (t) => {
  const text = generateSecretKey('registry-1')
  const key = parseSecretKey(`${text}\n`)
  if (key === undefined) return t.fail('is read')
  t.equal(key.name, 'registry-1')
  const bytes = Buffer.from('text')
  t.ok(verify(null, bytes, createPublicKey(key.publicPem), key.sign(bytes)))
  const nix = parseSigningKey(key.publicNix ?? '')
  t.ok(nix !== undefined && verify(null, bytes, nix.key, key.sign(bytes)))
  t.strictSame(key.sign(bytes), key.sign(bytes), 'the same each time')
})

void t.test('Nix makes the same form', { skip: missing('nix') }, async (t) => {
  const text = execFileSync(
    'nix',
    ['key', 'generate-secret', '--key-name', 'a-1', '--extra-experimental-features', 'nix-command'],
    { env: { ...process.env, ...nixEnv } },
  ).toString()
  const key = parseSecretKey(text)
  const publicKey = execFileSync(
    'nix',
    ['key', 'convert-secret-to-public', '--extra-experimental-features', 'nix-command'],
    { input: text, env: { ...process.env, ...nixEnv } },
  )
  t.equal(key?.publicNix, publicKey.toString().trim())
})

void t.test('other texts are no keys', async (t) => {
  const good = generateSecretKey('a')
  const [name, base64 = ''] = good.split(':')
  const swapped = Buffer.from(base64, 'base64')
  swapped.reverse()
  for (const text of [
    '',
    'a',
    `${name}:`,
    `:${base64}`,
    `a:${base64.slice(4)}`,
    `a:${swapped.toString('base64')}`,
    pem('rsa'),
    '-----BEGIN PRIVATE KEY-----\n',
  ])
    t.equal(parseSecretKey(text), undefined, text.slice(0, 40))
  t.ok(parseSecretKey(pem('ed25519')))
  t.equal(parseSecretKey(pem('ed25519'))?.publicNix, undefined)
})

void t.test('a key file that others may read, or that holds none, is refused', async (t) => {
  const file = join(t.testdir({}), 'key')
  t.throws(() => readSecretKey(file), { kind: 'unavailable', message: /key: no such file/ })
  writeFileSync(file, generateSecretKey('a'), { mode: 0o600 })
  t.equal(readSecretKey(file).name, 'a')
  chmodSync(file, 0o440)
  t.equal(readSecretKey(file).name, 'a', 'as Kubernetes mounts a Secret')
  for (const mode of [0o644, 0o660, 0o601]) {
    chmodSync(file, mode)
    t.throws(() => readSecretKey(file), { message: /its mode 0\d+ lets other users use it: chmod 600/ })
  }
  chmodSync(file, 0o600)
  writeFileSync(file, 'secret text')
  t.throws(
    () => readSecretKey(file),
    { message: /key: not an Ed25519 key, expected [^]*PEM$/ },
    'its text isn’t told',
  )
})

void t.test('a bundle is an envelope that the key signed', async (t) => {
  const key = parseSecretKey(generateSecretKey('a'))
  if (key === undefined) return t.fail('is read')
  const payload = Buffer.from('{"a":"ü"}')
  t.match(bundle(payload, key), {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: '' } },
    dsseEnvelope: envelope(payload, key),
  })
  const { signatures } = envelope(payload, key) as { signatures: { sig: string }[] }
  const signed = Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} {"a":"ü"}`)
  t.ok(verify(null, signed, createPublicKey(key.publicPem), Buffer.from(signatures[0]?.sig ?? '', 'base64')))
})
