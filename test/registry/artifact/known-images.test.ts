import t from 'tap'
import { SYSTEM_STORE } from '../../../src/core/nix/store-directory.ts'
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import { KnownImages, stampOf } from '../../../src/registry/artifact/known-images.ts'
import type { Artifact } from '../../../src/registry/artifact/image-index.ts'

const MEGABYTE = 2 ** 20

void t.test('images are kept within a limit of bytes, the ones that were asked for last', async (t) => {
  const root = t.testdir() as StorePath
  const stamp = stampOf(SYSTEM_STORE, root) ?? ''
  const known = new KnownImages(SYSTEM_STORE)
  const put = (name: string, manifestBytes: number) => {
    const bytes = Buffer.alloc(manifestBytes)
    const artifact = { kind: 'index', root, documents: [{ bytes }], images: [], missing: [] }
    known.put(name, 'nix', 'tar', { artifact: artifact as unknown as Artifact, stamp })
  }
  for (let i = 0; i < 4; i++) put(`large-${i}`, 10 * MEGABYTE)
  t.equal(known.size, 3)
  t.equal(known.get('large-0', 'nix', 'tar'), undefined)
  t.ok(known.get('large-1', 'nix', 'tar'))
  for (let i = 0; i < 3000; i++) put(`small-${i}`, 0)
  t.equal(known.size, 3002, 'only the least recently used of the large ones made room')
  t.ok(known.get('large-1', 'nix', 'tar'))
})
