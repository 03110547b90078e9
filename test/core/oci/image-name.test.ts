import t from 'tap'
import { MAX_IMAGE_NAME_LENGTH, parseImageName } from '../../../src/core/oci/image-name.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

void t.test('names in one form, whichever parts were written', async (t) => {
  for (const [text, name] of [
    [HASH, `nix.internal/nix/store/${HASH}:latest`],
    [`${HASH}-hello:nix`, `nix.internal/nix/store/${HASH}-hello:nix`],
    [`/nix/store/${HASH}-hello`, `nix.internal/nix/store/${HASH}-hello:latest`],
    [`nix/store/${HASH}-hello`, `nix.internal/nix/store/${HASH}-hello:latest`],
    [`nix.internal//nix/store/${HASH}-hello:nix`, `nix.internal/nix/store/${HASH}-hello:nix`],
    [`nix.internal/nix/store///${HASH}-hello:nix`, `nix.internal/nix/store/${HASH}-hello:nix`],
    [`mirror.example/team/nix/store/${HASH}`, `mirror.example/team/nix/store/${HASH}:latest`],
    [`mirror.example/nix/storehouse/${HASH}`, `mirror.example/nix/storehouse/nix/store/${HASH}:latest`],
    [`anix/store/${HASH}`, `anix/store/nix/store/${HASH}:latest`],
    [`docker://localhost:5000/nix/store/${HASH}-x:dev`, `localhost:5000/nix/store/${HASH}-x:dev`],
    [`nix.internal/nix/store/${HASH}-x:nix@${DIGEST}`, `nix.internal/nix/store/${HASH}-x@${DIGEST}`],
  ] as const) {
    t.equal(parseImageName(text).name, name, text)
    t.strictSame(parseImageName(parseImageName(text).name), parseImageName(text), 'and is itself such a name')
  }
})

void t.test('a digest decides before a tag, as clients have it', async (t) => {
  t.strictSame(parseImageName(`${HASH}-x:nix@${DIGEST}`), {
    name: `nix.internal/nix/store/${HASH}-x@${DIGEST}`,
    reference: { storeHash: HASH, slug: 'x' },
    selector: { kind: 'digest', digest: DIGEST },
  })
})

void t.test('texts that aren’t names of images', async (t) => {
  for (const [text, kind] of [
    ['', 'name-invalid'],
    ['nginx:latest', 'name-invalid'],
    [`a\nb/${HASH}`, 'name-invalid'],
    [`${'h/'.repeat(MAX_IMAGE_NAME_LENGTH)}${HASH}`, 'name-invalid'],
    [`${HASH}-hello/bin/hello`, 'name-invalid'],
    [`${HASH}@sha256:0`, 'digest-invalid'],
    [`${HASH}-x:-tag`, 'manifest-unknown'],
    [`e${HASH.slice(1)}`, 'not-found'],
  ] as const) {
    t.throws(() => parseImageName(text), { name: 'RegistryError', kind }, text)
  }
})
