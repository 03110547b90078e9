import t from 'tap'
import { readBody } from '../../../src/http/check/read-body.ts'

const IMAGE = 'nix.internal/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-hello:nix'

void t.test('images come back from the thread', async (t) => {
  const text = `image: ${IMAGE}\nother: {image: here:5000/nix/store/short, second: {image: nginx}}`
  t.match(await readBody(Buffer.from(text), ['here:5000']), {
    images: [{ name: IMAGE, selector: { kind: 'tag', tag: 'nix' } }],
    foreign: 1,
    malformed: [{ name: 'here:5000/nix/store/short', kind: 'name-invalid' }],
  })
})

void t.test('errors, too', async (t) => {
  await t.rejects(readBody(Buffer.from('a: "b'), []), {
    kind: 'manifest-invalid',
    message: /^request body:1:/,
    detail: { line: 1 },
  })
})

void t.test('a text that exhausts its thread ends it, and nothing else', async (t) => {
  const [bomb, small, deep] = await Promise.allSettled([
    readBody(Buffer.from(`a:\n${'- [b, {c: d}]\n'.repeat(300_000)}`), []),
    readBody(Buffer.from(`image: ${IMAGE}`), []),
    readBody(Buffer.from('['.repeat(9_000_000)), []),
  ])
  t.match(bomb, { status: 'rejected', reason: { kind: 'manifest-invalid', message: /too long or too much/ } })
  t.match(small, { status: 'fulfilled', value: { images: [{ name: IMAGE }] } })
  t.match(deep, { status: 'rejected', reason: { kind: 'manifest-invalid', message: /nested too deeply/ } })
})
