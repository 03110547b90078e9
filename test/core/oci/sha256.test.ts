import { createHash } from 'node:crypto'
import t from 'tap'
import { encodeNixBase32 } from '../../../src/core/nix/nix-base32.ts'
import { base32Sha256, parseBase32Sha256, parseSha256, sha256Of } from '../../../src/core/oci/sha256.ts'

/** `printf %s TEXT | nix hash file --type sha256 --base16 (--base32, --sri) /dev/stdin`. */
const VECTORS = [
  {
    text: '',
    hex: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    base32: '0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73',
    sri: 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  },
  {
    text: 'hello',
    hex: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    base32: '094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic',
    sri: 'sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=',
  },
] as const

void t.test('every form of a hash is the same hash', async (t) => {
  for (const { text, hex, base32, sri } of VECTORS) {
    const hash = sha256Of(createHash('sha256').update(text).digest())
    t.equal(hash, hex)
    t.equal(base32Sha256(hash), base32)
    t.equal(encodeNixBase32(Buffer.from(hex, 'hex')), base32)
    t.equal(parseBase32Sha256(base32), hex)
    for (const form of [`sha256:${hex}`, `sha256:${base32}`, sri]) t.equal(parseSha256(form), hex, form)
  }
})

void t.test('anything else is none', async (t) => {
  const [{ hex, base32 }] = VECTORS
  for (const text of [
    '',
    hex,
    base32,
    `sha256:${hex.slice(1)}`,
    `sha256:${hex.toUpperCase()}`,
    `sha256:${base32.slice(1)}`,
    `sha256:${base32.replace('0', 'e')}`,
    // One bit more than 256.
    `sha256:z${base32.slice(1)}`,
    'sha256-',
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU',
    `sha512:${hex}${hex}`,
    `md5:${hex.slice(32)}`,
  ])
    t.equal(parseSha256(text), undefined, text)
  t.throws(() => sha256Of(Buffer.alloc(20)))
})
