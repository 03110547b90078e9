import { createHash } from 'node:crypto'
import t from 'tap'
import { encodeNixBase32 } from '../../../src/core/nix/nix-base32.ts'

void t.test('as Nix writes hashes', async (t) => {
  // nix-hash --flat --base32 --type sha256 (sha1, md5) of an empty file.
  for (const [algorithm, expected] of [
    ['sha256', '0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73'],
    ['sha1', '143xibwh31h9bvxzalr0sjvbbvpa6ffs'],
    ['md5', '3y8bwfr609h3lh9ch0izcqq7fl'],
  ] as const)
    t.equal(encodeNixBase32(createHash(algorithm).digest()), expected, algorithm)
  t.equal(encodeNixBase32(new Uint8Array()), '')
  t.equal(encodeNixBase32(new Uint8Array(20).fill(255)), 'z'.repeat(32))
})
