import t from 'tap'
import { canonicalName, manifestName, parseArchiveName } from '../../src/archive/archive-name.ts'
import { storePath } from '../store-path.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'

void t.test('as manifests name an image', async (t) => {
  for (const [name, tag, expected] of [
    ['hello', 'nix', `nix.internal/nix/store/${HASH}-hello:nix`],
    ['web-2.1.drv', 'dev', `nix.internal/nix/store/${HASH}-web-2.1.drv:dev`],
    ['libX11', 'nix', `nix.internal/nix/store/${HASH}-libx11:nix`],
  ] as const) {
    t.equal(manifestName(storePath(`${HASH}-${name}`), 'nix.internal', tag), expected)
    t.equal(parseArchiveName(expected), expected, 'is a name')
    t.equal(canonicalName(expected), expected, 'has its host')
  }
})

void t.test('names that people choose', async (t) => {
  for (const [text, name, canonical] of [
    ['greeter', 'greeter:latest', 'docker.io/library/greeter:latest'],
    ['greeter:1', 'greeter:1', 'docker.io/library/greeter:1'],
    ['me/greeter:1', 'me/greeter:1', 'docker.io/me/greeter:1'],
    ['localhost/greeter', 'localhost/greeter:latest', 'localhost/greeter:latest'],
    ['localhost:5000/greeter', 'localhost:5000/greeter:latest', 'localhost:5000/greeter:latest'],
    ['ghcr.io/me/greeter:v1.0', 'ghcr.io/me/greeter:v1.0', 'ghcr.io/me/greeter:v1.0'],
    ['[::1]:5000/greeter:1', '[::1]:5000/greeter:1', '[::1]:5000/greeter:1'],
  ] as const) {
    t.equal(parseArchiveName(text), name, text)
    t.equal(canonicalName(name), canonical, text)
  }
  for (const text of [
    '',
    'Greeter',
    'a b',
    'greeter:',
    ':1',
    'greeter:-',
    'a//b',
    `greeter@sha256:${'0'.repeat(64)}`,
    '/greeter',
    'x/',
    'a'.repeat(400),
  ]) {
    t.equal(parseArchiveName(text), undefined, text)
  }
})
