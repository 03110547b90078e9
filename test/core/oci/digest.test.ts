import t from 'tap'
import { digestOf, parseDigest } from '../../../src/core/oci/digest.ts'

/** Of no bytes at all, as every sha256 tool prints it. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

void t.test('digests are taken as they are', async (t) => {
  for (const text of [
    `sha256:${EMPTY}`,
    `sha512:${'0'.repeat(128)}`,
    `blake3:${'a'.repeat(64)}`,
    `sha256+b64u:${'a'.repeat(32)}`,
    `multihash+base58.x_y-z:${'0'.repeat(32)}`,
  ]) {
    t.equal(parseDigest(text), text)
  }
})

void t.test('a text that isn’t a digest is refused, and the error has only its start', async (t) => {
  for (const text of [
    '',
    'sha256',
    'sha256:',
    EMPTY,
    `sha256:${EMPTY.slice(1)}`,
    `sha256:${EMPTY}0`,
    `sha256:${EMPTY.toUpperCase()}`,
    `SHA256:${EMPTY}`,
    ` sha256:${EMPTY}`,
    `sha256:${EMPTY}\n`,
    `sha512:${'0'.repeat(31)}`,
    `sha512:${'g'.repeat(64)}`,
    `:${EMPTY}`,
    `+:${EMPTY}`,
    `sha256::${EMPTY}`,
    'latest',
    '../etc/passwd',
    'x'.repeat(100_000),
  ]) {
    t.throws(
      () => parseDigest(text),
      { name: 'RegistryError', kind: 'digest-invalid', detail: { digest: text.slice(0, 200) } },
      JSON.stringify(text.slice(0, 80)),
    )
  }
})

void t.test('the digest of bytes', async (t) => {
  t.equal(digestOf(new Uint8Array()), `sha256:${EMPTY}`)
  t.equal(
    digestOf(Buffer.from('abc')),
    'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
