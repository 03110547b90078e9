import t from 'tap'
import { parseRoute, parseSelector } from '../../../src/core/oci/route.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const NAME = `nix/store/${HASH}-hello`
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const reference = { storeHash: HASH, slug: 'hello' }
const tag = (text: string) => ({ kind: 'manifest', reference, selector: { kind: 'tag', tag: text } })

void t.test('paths of the API', async (t) => {
  for (const [path, expected] of [
    [`/${NAME}/manifests/latest`, tag('latest')],
    [`${NAME}/manifests/latest`, tag('latest')],
    [
      `/${NAME}/manifests/${DIGEST}`,
      { kind: 'manifest', reference, selector: { kind: 'digest', digest: DIGEST } },
    ],
    [`/${NAME}/blobs/${DIGEST}`, { kind: 'blob', reference, digest: DIGEST }],
    [`/${NAME}/tags/list`, { kind: 'tags', reference }],
    [`/${NAME}/referrers/${DIGEST}`, { kind: 'referrers', reference, digest: DIGEST }],
    [`/nix/store/${HASH}/manifests/nix`, { ...tag('nix'), reference: { storeHash: HASH, slug: undefined } }],
    // Slashes twice, as crane sends them.
    [`//${NAME}/manifests/latest`, tag('latest')],
    [`/nix//store/${HASH}-hello///manifests//latest`, tag('latest')],
    [`/${NAME}/manifests/latest/`, tag('latest')],
    // Percent-encoded, as some clients send them.
    [`/nix%2Fstore%2F${HASH}-hello/manifests/latest`, tag('latest')],
    [`/${NAME}/blobs/${DIGEST.replace(':', '%3A')}`, { kind: 'blob', reference, digest: DIGEST }],
    [`/nix/store/${HASH}-gtk%2B3/tags/list`, { kind: 'tags', reference: { storeHash: HASH, slug: 'gtk+3' } }],
    // Names that end like an endpoint: parsed from the right.
    [
      `/nix/store/${HASH}-manifests/manifests/tags`,
      { ...tag('tags'), reference: { storeHash: HASH, slug: 'manifests' } },
    ],
    [`/${NAME}/manifests/manifests`, tag('manifests')],
    [`/${NAME}/manifests/list`, tag('list')],
  ] as const) {
    t.strictSame(parseRoute(path), expected, path)
  }
})

void t.test('paths that are none of them', async (t) => {
  for (const [path, kind] of [
    ['', 'not-found'],
    ['/', 'not-found'],
    ['/_catalog', 'not-found'],
    [`/${NAME}`, 'not-found'],
    [`/${NAME}/manifests`, 'not-found'],
    [`/${NAME}/manifests/`, 'not-found'],
    [`/${NAME}/manifests/a/b`, 'not-found'],
    [`/${NAME}/tags/all`, 'not-found'],
    [`/${NAME}/blobs/uploads/`, 'digest-invalid'],
    [`/${NAME}/blobs/uploads/1`, 'not-found'],
    [`/${NAME}/blobs/latest`, 'digest-invalid'],
    [`/${NAME}/blobs/${DIGEST}0`, 'digest-invalid'],
    [`/${NAME}/manifests/sha256:0`, 'digest-invalid'],
    [`/${NAME}/manifests/.hidden`, 'manifest-unknown'],
    [`/${NAME}/manifests/${'t'.repeat(129)}`, 'manifest-unknown'],
    [`/${NAME}/referrers/latest`, 'digest-invalid'],
    [`/library/nginx/manifests/latest`, 'not-found'],
    [`/library/nginx/referrers/${DIGEST}`, 'not-found'],
    [`/manifests/latest`, 'name-invalid'],
    [`/nix/store/${HASH}-UP/../x/manifests/latest`, 'name-invalid'],
    [`/nix/store/%2e%2e/manifests/latest`, 'name-invalid'],
    ['/%', 'name-invalid'],
    ['/%zz/manifests/latest', 'name-invalid'],
    ['/%ff/manifests/latest', 'name-invalid'],
    [`/${NAME}%00/manifests/latest`, 'name-invalid'],
    [`/${'a/'.repeat(600)}manifests/latest`, 'name-invalid'],
  ] as const) {
    t.throws(() => parseRoute(path), { name: 'RegistryError', kind }, path.slice(0, 80))
  }
})

void t.test('the longest legal name and digest fit', async (t) => {
  const path = `/nix/store/${HASH}-${'n'.repeat(211)}/blobs/sha512:${'a'.repeat(128)}`
  t.equal(parseRoute(path).kind, 'blob')
})

void t.test('tags and digests', async (t) => {
  for (const text of ['latest', 'v1.0', '_x', '0', 'A-b_c.d', 't'.repeat(128)]) {
    t.strictSame(parseSelector(text), { kind: 'tag', tag: text })
  }
  t.strictSame(parseSelector(DIGEST), { kind: 'digest', digest: DIGEST })
  for (const [text, kind] of [
    ['', 'manifest-unknown'],
    ['-x', 'manifest-unknown'],
    ['a b', 'manifest-unknown'],
    ['a+b', 'manifest-unknown'],
    ['a\n', 'manifest-unknown'],
    [':', 'digest-invalid'],
    ['sha256:x', 'digest-invalid'],
  ] as const) {
    t.throws(() => parseSelector(text), { name: 'RegistryError', kind }, JSON.stringify(text))
  }
})
