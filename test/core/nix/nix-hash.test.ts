import t from 'tap'
import { parseNixHash } from '../../../src/core/nix/nix-hash.ts'

// All of "hello", as `nix hash to-sri` and the like convert them.
const HEX = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
const BASE_32 = '094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic'
const BASE_64 = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='
const SHA1 = 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'

void t.test('hashes of Nix', async (t) => {
  for (const [text, algorithm, expected] of [
    [HEX, 'sha256', HEX],
    [`sha256:${HEX}`, '', HEX],
    [HEX.toUpperCase(), 'sha256', HEX],
    [BASE_32, 'sha256', HEX],
    [`sha256:${BASE_32}`, 'sha1', HEX],
    [BASE_64, 'sha256', HEX],
    [`sha256-${BASE_64}`, '', HEX],
    [SHA1, 'sha1', SHA1],
    // Of another length than the algorithm's, of none, of one that isn't known, and no hash at all.
    [SHA1, 'sha256', undefined],
    [HEX, '', undefined],
    [`sha3:${HEX}`, '', undefined],
    [`sha256-${HEX}`, '', undefined],
    [`${HEX.slice(1)}x`, 'sha256', undefined],
    ['', 'sha256', undefined],
  ] as const)
    t.equal(parseNixHash(text, algorithm)?.hex, expected, `${text} ${algorithm}`)
})
