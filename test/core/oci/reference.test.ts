import t from 'tap'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import {
  DEFAULT_HOST,
  imageNameOf,
  isNamedBy,
  parseReference,
  referenceBase,
  slugOf,
} from '../../../src/core/oci/reference.ts'
import { parseStorePath, type StorePath } from '../../../src/core/nix/store-path.ts'
import { seededRandom } from '../../seeded-random.ts'
import { processorMs } from '../../support/processor-time.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const OTHER_HASH = 'bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
/** OCI distribution-spec, "Pulling manifests". */
const OCI_NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/

function pathOf(name: string, hash = HASH): StorePath {
  const path = parseStorePath(`/nix/store/${hash}-${name}`)
  if (path === undefined) throw new Error(`no store name: ${name}`)
  return path
}

void t.test('the slug of a store name', async (t) => {
  for (const [name, slug] of [
    ['hello-2.12.1', 'hello-2.12.1'],
    ['libX11-1.8', 'libx11-1.8'],
    ['gtk+3-3.24', 'gtk-3-3.24'],
    ['foo..bar', 'foo-bar'],
    ['foo___bar', 'foo-bar'],
    ['foo__bar_baz', 'foo__bar_baz'],
    ['foo---bar', 'foo---bar'],
    ['foo.-bar', 'foo-bar'],
    ['a=b?c', 'a-b-c'],
    ['x_', 'x'],
    ['.hidden', 'hidden'],
    ['_x_', 'x'],
    ['...', ''],
    ['..+', ''],
    ['-', ''],
    ['n'.repeat(211), 'n'.repeat(199)],
    [`${'n'.repeat(198)}-${'m'.repeat(10)}`, 'n'.repeat(198)],
  ] as const) {
    t.equal(slugOf(name), slug, name)
  }
})

void t.test('a longer host leaves less of the slug', async (t) => {
  const name = 'n'.repeat(211)
  for (const [host, length] of [
    ['a', 210],
    ['nix.internal', 199],
    ['h'.repeat(110), 101],
    ['h'.repeat(211), 0],
    ['h'.repeat(255), 0],
    ['h'.repeat(300), 0],
  ] as const) {
    t.equal(slugOf(name, host).length, length, `host of ${host.length} characters`)
  }
})

void t.test('a repository name that is a store path', async (t) => {
  for (const [repository, slug] of [
    [`nix/store/${HASH}`, undefined],
    [`nix/store/${HASH}-hello`, 'hello'],
    [`nix/store/${HASH}-libX11-1.8`, 'libX11-1.8'],
    [`nix/store/${HASH}-a+b=c?d_e.f`, 'a+b=c?d_e.f'],
    [`nix/store/${HASH}-hello.drv`, 'hello.drv'],
    [`nix/store/${HASH}--`, '-'],
    [`nix/store/${HASH}-${'n'.repeat(211)}`, 'n'.repeat(211)],
  ] as const) {
    const reference = parseReference(repository)
    t.strictSame(reference, { storeHash: HASH, slug }, repository.slice(0, 80))
    t.equal(`nix/store/${referenceBase(reference)}`, repository, 'and back')
  }
})

void t.test('repository names that are none', async (t) => {
  for (const [repository, kind] of [
    ['', 'name-invalid'],
    ['library/nginx', 'not-found'],
    ['nix', 'not-found'],
    ['nix/store', 'not-found'],
    ['nix/store/', 'name-invalid'],
    [HASH, 'not-found'],
    [`store/${HASH}-hello`, 'not-found'],
    [`nix/store/${HASH.slice(1)}`, 'not-found'],
    [`nix/store/${HASH.slice(1)}-hello`, 'not-found'],
    [`nix/store/${HASH}0`, 'not-found'],
    // e, o, t and u are no digits of Nix's base 32.
    [`nix/store/e${HASH.slice(1)}-hello`, 'not-found'],
    [`nix/store/${HASH}-hello/bin`, 'not-found'],
    [`nix/store/${HASH.toUpperCase()}-hello`, 'name-invalid'],
    [`nix/store/${HASH}-`, 'name-invalid'],
    [`nix/store/${HASH}-.`, 'name-invalid'],
    [`nix/store/${HASH}-..`, 'name-invalid'],
    [`nix/store/${HASH}/..`, 'name-invalid'],
    [`nix/store/../${HASH}-hello`, 'name-invalid'],
    ['../../etc/passwd', 'name-invalid'],
    [`nix/store/${HASH}-a%20b`, 'name-invalid'],
    [`nix/store/${HASH}-a b`, 'name-invalid'],
    [`nix/store/${HASH}-a\nb`, 'name-invalid'],
    [`nix/store/${HASH}-a\0`, 'name-invalid'],
    [`nix/store/${HASH}-größe`, 'name-invalid'],
    [`/nix/store/${HASH}-hello`, 'name-invalid'],
    [`NIX/store/${HASH}-hello`, 'name-invalid'],
    [`nix//store/${HASH}-hello`, 'name-invalid'],
    [`nix/store/${HASH}-${'n'.repeat(212)}`, 'not-found'],
    [`nix/store/${HASH}-${'n'.repeat(213)}`, 'name-invalid'],
    ['n'.repeat(100_000), 'name-invalid'],
  ] as const) {
    t.throws(
      () => parseReference(repository),
      { name: 'RegistryError', kind },
      JSON.stringify(repository.slice(0, 80)),
    )
  }
})

void t.test('names that would take long to tell apart are refused at once', async (t) => {
  const taken = processorMs(() => {
    t.throws(() => parseReference(`${'a-'.repeat(127)}!`), RegistryError)
    t.throws(() => parseReference(`${'a'.repeat(254)}!`), RegistryError)
  })
  t.ok(taken < 100, `${taken} ms`)
})

void t.test('names of a path', async (t) => {
  const long = `${'long-name-'.repeat(20)}END.drv`
  for (const [name, slug, expected] of [
    ['libX11-1.8', undefined, true],
    ['libX11-1.8', 'libX11-1.8', true],
    ['libX11-1.8', 'libx11-1.8', true],
    ['libX11-1.8', 'LIBX11-1.8', false],
    ['libX11-1.8', 'libx11', false],
    ['libX11-1.8', 'libx11-1.8.1', false],
    ['libX11-1.8', 'other', false],
    ['gtk+3', 'gtk-3', true],
    ['gtk+3', 'gtk3', false],
    ['hello.drv', 'hello', false],
    ['...', '-', false],
    [long, long, true],
    [long, long.toLowerCase(), true],
    [long, long.toLowerCase().slice(0, 201), true],
    [long, long.toLowerCase().slice(0, 101), true],
    // Cut where a separator stands, which is trimmed.
    [long, long.toLowerCase().slice(0, 109), true],
    [long, long.toLowerCase().slice(0, 110), false],
    // Nobody cuts as short as this: another name.
    [long, long.toLowerCase().slice(0, 95), false],
    [long, `${long.toLowerCase().slice(0, 150)}x`, false],
  ] as const) {
    t.equal(
      isNamedBy(pathOf(name), { storeHash: parseReference(`nix/store/${HASH}`).storeHash, slug }),
      expected,
      `${name} by ${slug}`,
    )
  }
  t.equal(
    isNamedBy(pathOf('hello', OTHER_HASH), parseReference(`nix/store/${HASH}-hello`)),
    false,
    'another hash',
  )
})

void t.test('the image name to write down', async (t) => {
  for (const [name, host, expected] of [
    ['hello-2.12', undefined, `${DEFAULT_HOST}/nix/store/${HASH}-hello-2.12:nix`],
    ['libX11', 'localhost:5000', `localhost:5000/nix/store/${HASH}-libx11:nix`],
    ['...', undefined, `${DEFAULT_HOST}/nix/store/${HASH}:nix`],
  ] as const) {
    t.equal(imageNameOf(pathOf(name), host), expected)
  }
})

/** Names with many runs of what the grammar forbids or joins. */
const random = seededRandom(255)
const CHARACTERS = 'abcxyzABC019+--..__?='
const NAMES = [
  'n'.repeat(211),
  `${'n'.repeat(50)}${'-'.repeat(150)}end`,
  `a${'-'.repeat(200)}b`,
  `${'n'.repeat(99)}${'-'.repeat(100)}end`,
  ...Array.from({ length: 400 }, () =>
    Array.from({ length: 1 + random.below(211) }, () =>
      CHARACTERS.charAt(random.below(CHARACTERS.length)),
    ).join(''),
  ),
].filter((name) => name !== '.' && name !== '..')

void t.test('a slug is empty or fits the grammar, whatever the name and the host', async (t) => {
  const wrong = NAMES.flatMap((name) =>
    [1, 12, 60, 110, 200, 220]
      .map((length) => ({ name, length, slug: slugOf(name, 'h'.repeat(length)) }))
      .filter(({ slug }) => slug !== '' && !OCI_NAME.test(slug)),
  )
  t.strictSame(wrong, [])
  t.ok(NAMES.length > 300)
})

void t.test(
  'an image name is at most 255 characters and leads back to its path, for hosts up to 110',
  async (t) => {
    const hosts = Array.from({ length: 110 }, (_, i) => 'h'.repeat(i + 1))
    const wrong = NAMES.flatMap((name) =>
      hosts.flatMap((host) => {
        const repository = imageNameOf(pathOf(name), host).slice(0, -':nix'.length)
        const reference = parseReference(repository.slice(host.length + 1))
        const isRight =
          repository.length <= 255 && OCI_NAME.test(repository) && isNamedBy(pathOf(name), reference)
        return isRight ? [] : [{ host: host.length, repository }]
      }),
    )
    t.strictSame(wrong, [])
  },
)
