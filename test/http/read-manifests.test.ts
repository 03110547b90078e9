import t from 'tap'
import { readManifests } from '../../src/http/read-manifests.ts'

const IMAGE = 'nix.internal/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-hello:nix'

void t.test('references come back from the thread', async (t) => {
  const text = `image: ${IMAGE}\nother: {image: here:5000/nix/store/short, second: {image: nginx}}`
  t.match(await readManifests({ text, hosts: ['here:5000'] }), {
    images: [{ name: IMAGE, places: [{ source: 'request body', document: 1, path: 'image' }] }],
    foreign: ['nginx'],
    malformed: [{ name: 'here:5000/nix/store/short' }],
  })
})

void t.test('errors, too', async (t) => {
  await t.rejects(readManifests({ text: 'a: "b', hosts: [] }), {
    kind: 'manifest-invalid',
    message: /^request body:1:/,
    detail: { line: 1 },
  })
})

void t.test('what exhausts the thread ends it, and nothing else', async (t) => {
  const [bomb, next] = await Promise.allSettled([
    readManifests({ text: '['.repeat(9_000_000), hosts: [] }),
    readManifests({ text: `image: ${IMAGE}`, hosts: [] }),
  ])
  t.match(bomb, { status: 'rejected', reason: { kind: 'manifest-invalid', message: /too long or too much/ } })
  t.match(next, { status: 'fulfilled', value: { images: [{ name: IMAGE }] } })
})
