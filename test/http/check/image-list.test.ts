import t from 'tap'
import { MAX_IMAGES, readReferenceList } from '../../../src/http/check/image-list.ts'
import { readImageList } from '../../../src/http/check/read-image-list.ts'
import { processorMs } from '../../support/processor-time.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const NAME = `nix.internal/nix/store/${HASH}:latest`
/** Refused after the limit is passed, whatever follows. */
const TIME_LIMIT_MS = 1_000

void t.test('lists of references', async (t) => {
  for (const [text, expected] of [
    [`{"refs": ["${HASH}", "${NAME}"]}`, { images: [{ name: NAME }], malformed: [], foreign: 0 }],
    [` {"note": 1, "refs": ["x"]}`, { images: [], malformed: [{ name: 'x', kind: 'name-invalid' }] }],
    [`{"kind": "List", "refs": ["${HASH}"]}`, undefined],
    ['{"refs": ["a"', undefined],
    ['refs: [a]', undefined],
    ['', undefined],
  ] as const) {
    t.match(readReferenceList(text), expected, text)
  }
})

const empty = (count: number) => `{"refs": [${'"",'.repeat(count - 1)}""]}`

void t.test('lists that are refused', async (t) => {
  for (const [text, message] of [
    ['{"refs": []}', /no image is named/],
    ['{"refs": [1]}', /list of image names/],
    [empty(MAX_IMAGES + 1), /^1001 images at once/],
    [empty(3_300_000), /^more than 1000 images at once/],
    [`{"refs": ${'['.repeat(5_000_000)}`, /^more than 1000 images at once/],
    [JSON.stringify({ refs: [], a: Array.from({ length: 3000 }, () => '') }), /^more than 1000/],
  ] as const) {
    const taken = processorMs(() =>
      t.throws(() => readImageList(text, []), { kind: 'manifest-invalid', message }, text.slice(0, 30)),
    )
    t.ok(taken < TIME_LIMIT_MS, 'in time')
  }
})

void t.test('one reference that is too long, and many that are broken', async (t) => {
  const slashes = `${'/'.repeat(900_000)}!`
  const broken = Array.from({ length: MAX_IMAGES }, () => '/'.repeat(1000))
  const taken = processorMs(() => {
    t.match(readImageList(JSON.stringify({ refs: [slashes] }), []), {
      malformed: [{ name: slashes.slice(0, 300), message: /^not an image/ }],
    })
    t.equal(readImageList(JSON.stringify({ refs: broken }), []).malformed.length, MAX_IMAGES)
  })
  t.ok(taken < TIME_LIMIT_MS, 'in time')
})

void t.test('manifests with too much in them', async (t) => {
  const many = Array.from({ length: MAX_IMAGES + 1 }, (_, i) => `image: nix.internal/nix/store/${HASH}:v${i}`)
  const broken = Array.from({ length: 5_000 }, (_, i) => `image: nix.internal/nix/store/x${i}`)
  for (const [text, message] of [
    [many.join('\n---\n'), /^1001 images at once/],
    [broken.join('\n---\n'), /^1001 images at once/],
    [`{"kind": "List", "items": [${'{},'.repeat(1_500_000)}{}]}`, /JSON of more than 1000000 values/],
    [`[${'['.repeat(4_000_000)}`, /nested too deeply/],
  ] as const) {
    t.throws(() => readImageList(text, []), { kind: 'manifest-invalid', message }, text.slice(0, 30))
  }
})
