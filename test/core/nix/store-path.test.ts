import t from 'tap'
import {
  compareByName,
  isDerivationPath,
  isStoreName,
  parseStoreHash,
  parseStorePath,
  storeHashOf,
  storeNameOf,
  storePathAround,
  storePathOf,
} from '../../../src/core/nix/store-path.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const HELLO = `/nix/store/${HASH}-hello`

void t.test('a hash is 32 digits of base 32', async (t) => {
  t.equal(parseStoreHash(HASH), HASH)
  for (const letter of 'eotuEOTUA!-\n')
    t.equal(parseStoreHash(`${letter}${HASH.slice(1)}`), undefined, JSON.stringify(letter))
  for (const text of ['', HASH.slice(1), `${HASH}0`, `${HASH}\n`, HASH.toUpperCase()])
    t.equal(parseStoreHash(text), undefined, JSON.stringify(text))
})

void t.test('names of store paths', async (t) => {
  for (const name of [
    'a',
    'A',
    '0',
    '-',
    '_',
    '+',
    '?',
    '=',
    '.a',
    '...',
    'a.b-c_d+e?f=g',
    'n'.repeat(211),
  ]) {
    t.equal(isStoreName(name), true, name)
  }
  for (const name of ['', '.', '..', 'a/b', 'a b', 'ä', 'a\n', 'a\0', '%', '~', 'n'.repeat(212)]) {
    t.equal(isStoreName(name), false, JSON.stringify(name))
  }
})

void t.test('a store path, and nothing below or above it', async (t) => {
  t.equal(parseStorePath(HELLO), HELLO)
  for (const text of [
    '',
    '/',
    '/nix/store',
    '/nix/store/',
    `/nix/store/${HASH}`,
    `/nix/store/${HASH}-`,
    `/nix/store/${HASH}-.`,
    `/nix/store/${HASH}-..`,
    `/nix/store/${HASH}hello`,
    `${HELLO}/`,
    `${HELLO}/bin`,
    `/nix/store//${HASH}-hello`,
    `/nix/store/../store/${HASH}-hello`,
    `nix/store/${HASH}-hello`,
    `/gnu/store/${HASH}-hello`,
    `${HELLO}\n`,
    ` ${HELLO}`,
  ]) {
    t.equal(parseStorePath(text), undefined, JSON.stringify(text))
  }
})

void t.test('the store path around a place in it', async (t) => {
  for (const [text, expected] of [
    [HELLO, HELLO],
    [`${HELLO}/`, HELLO],
    [`${HELLO}/bin/hello`, HELLO],
    ['/nix/store', undefined],
    ['/nix/store/x/y', undefined],
    ['/home/me/result', undefined],
    ['', undefined],
  ] as const) {
    t.equal(storePathAround(text), expected, text)
  }
})

void t.test('a path and its parts', async (t) => {
  const path = parseStorePath(HELLO)
  const hash = parseStoreHash(HASH)
  if (path === undefined || hash === undefined) throw new Error('not parsed')
  t.equal(storeHashOf(path), HASH)
  t.equal(storeNameOf(path), 'hello')
  t.equal(storePathOf(hash, 'hello'), HELLO)
  t.equal(storePathOf(hash, 'a/b'), undefined)
  t.equal(storePathOf(hash, ''), undefined)
})

void t.test('derivations end in .drv', async (t) => {
  for (const [name, expected] of [
    ['hello.drv', true],
    ['hello', false],
    ['hello.drv.chroot', false],
  ] as const) {
    const path = parseStorePath(`/nix/store/${HASH}-${name}`)
    t.equal(path !== undefined && isDerivationPath(path), expected, name)
  }
})

void t.test('paths are ordered by name, then hash', async (t) => {
  const paths = [`b${HASH.slice(1)}-a`, `${HASH}-a`, `${HASH}-Z`, `0${HASH.slice(1)}-b`, `${HASH}-a-1`]
    .map((base) => parseStorePath(`/nix/store/${base}`))
    .filter((path) => path !== undefined)
  t.strictSame(
    paths.toSorted(compareByName).map((path) => path.slice('/nix/store/'.length)),
    [`${HASH}-Z`, `${HASH}-a`, `b${HASH.slice(1)}-a`, `${HASH}-a-1`, `0${HASH.slice(1)}-b`],
  )
  for (const path of paths) t.equal(compareByName(path, path), 0)
})
