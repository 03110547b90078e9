/** Every way in which a layout can be broken is an error that names it, and says what is wrong. */
import { readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readRoot } from '../support/read-image.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { LayoutBuilder, OCI } from '../support/layout-builder.ts'

const simple = async (builder: LayoutBuilder) => builder.image('amd64', [await builder.layer('file', 'x')])

/** Each leaves a layout, and has a word that its error must say. */
const BROKEN: readonly [what: string, fill: (builder: LayoutBuilder) => Promise<unknown>, says: RegExp][] = [
  [
    'no index.json',
    async (b) => b.finish([]).then(() => rm(join(b.directory, 'index.json'))),
    /without index\.json/,
  ],
  [
    'index.json is no JSON',
    async (b) => b.finish([]).then(() => writeFile(join(b.directory, 'index.json'), '{')),
    /index\.json: not JSON/,
  ],
  [
    'index.json is a list',
    async (b) => b.finish([]).then(() => writeFile(join(b.directory, 'index.json'), '[]')),
    /not a JSON object/,
  ],
  [
    'of another version',
    async (b) =>
      b.finish([]).then(() => writeFile(join(b.directory, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}')),
    /version/,
  ],
  [
    'the manifest is missing',
    async (b) => b.finish([{ mediaType: OCI.manifest, digest: `sha256:${'a'.repeat(64)}`, size: 2 }]),
    /blob missing: sha256:aaa/,
  ],
  ['of another size', async (b) => b.finish([{ ...(await simple(b)), size: 5 }]), /is said to have 5 bytes/],
  [
    'of other bytes',
    async (b) => {
      const image = await simple(b)
      const file = join(b.blobs, image.digest.slice(7))
      await writeFile(file, (await readFile(file, 'utf8')).replace('"schemaVersion":2', '"schemaVersion":3'))
      await b.finish([image])
    },
    /has other bytes/,
  ],
  [
    'a digest that leads elsewhere',
    async (b) => b.finish([{ mediaType: OCI.manifest, digest: 'sha256:../../../../etc/passwd', size: 2 }]),
    /not a digest/,
  ],
  [
    'sha512',
    async (b) => b.finish([{ mediaType: OCI.manifest, digest: `sha512:${'a'.repeat(128)}`, size: 2 }]),
    /only sha256/,
  ],
  ['a negative size', async (b) => b.finish([{ ...(await simple(b)), size: -1 }]), /size/],
  [
    'schema version 1',
    async (b) =>
      b.finish([
        await b.blob('application/vnd.oci.image.manifest.v1+json', { schemaVersion: 1, fsLayers: [] }),
      ]),
    /schema version 1/,
  ],
  [
    'neither image nor index',
    async (b) => b.finish([await b.blob('application/json', {})]),
    /neither an image nor an index/,
  ],
  [
    'a manifest and an index at once',
    async (b) => b.finish([await b.image('amd64', [], { manifests: [] })]),
    /at once/,
  ],
  [
    'an index that says that it is a manifest',
    async (b) => b.finish([await b.index([], { mediaType: OCI.manifest })]),
    /is said to be/,
  ],
  [
    'a layer that is missing',
    async (b) => {
      const layer = await b.layer('f', 'x')
      const image = await b.image('amd64', [layer])
      await rm(join(b.blobs, layer.digest.slice(7)))
      await b.finish([image])
    },
    /blob missing/,
  ],
  [
    'a foreign layer',
    async (b) =>
      b.finish([
        await b.image('amd64', [
          {
            mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
            digest: `sha256:${'b'.repeat(64)}`,
            size: 9,
            urls: ['https://example.org/layer'],
          },
        ]),
      ]),
    /only at https:\/\/example\.org/,
  ],
  [
    'a config that is missing',
    async (b) =>
      b.finish([
        await b.image('amd64', [], {
          config: { mediaType: OCI.config, digest: `sha256:${'c'.repeat(64)}`, size: 9 },
        }),
      ]),
    /blob missing: sha256:ccc/,
  ],
  [
    'a config that is none',
    async (b) => b.finish([await b.image('amd64', [], { config: await b.blob(OCI.config, '[]') })]),
    /not an image config/,
  ],
  [
    'too deep',
    async (b) => {
      let index = await simple(b)
      for (let i = 0; i < 8; i++) index = await b.index([index])
      await b.finish([index])
    },
    /deep/,
  ],
  [
    'an index that has itself in it',
    async (b) => {
      const self = { mediaType: OCI.index, digest: `sha256:${'d'.repeat(64)}`, size: 0 }
      const bytes = JSON.stringify({ schemaVersion: 2, mediaType: OCI.index, manifests: [self] })
      await b.blob(OCI.index, '')
      await writeFile(join(b.blobs, 'd'.repeat(64)), bytes.replace('"size":0', `"size":${bytes.length + 2}`))
      await b.finish([{ ...self, size: bytes.length + 2 }])
    },
    /has other bytes/,
  ],
  [
    'too many manifests',
    async (b) => {
      const list = []
      for (let i = 0; i < 501; i++) list.push(await b.image('amd64', [], { annotations: { i: String(i) } }))
      await b.finish([await b.index(list)])
    },
    /more than 500/,
  ],
  ['an index of nothing', async (b) => b.finish([await b.index([])]), /none of which is here/],
  ['no manifests', async (b) => b.finish([]), /without a manifest/],
  [
    'too large a manifest',
    async (b) => b.finish([await b.image('amd64', [], { annotations: { a: 'x'.repeat(5 << 20) } })]),
    /clients read/,
  ],
  [
    'a blob outside of the store',
    async (b) => {
      const image = await simple(b)
      await rm(join(b.blobs, image.digest.slice(7)))
      await symlink('/etc/passwd', join(b.blobs, image.digest.slice(7)))
      await b.finish([image])
    },
    /leads out of the closure of the image/,
  ],
  [
    'a blob that is a directory',
    async (b) => {
      const image = await simple(b)
      await rm(join(b.blobs, image.digest.slice(7)))
      await symlink('..', join(b.blobs, image.digest.slice(7)))
      await b.finish([image])
    },
    /is not a file/,
  ],
]

for (const [what, fill, says] of BROKEN) {
  void t.test(`broken: ${what}`, { skip: withoutNix }, async (t: Test) => {
    const path = await makeStorePath('unit-layout', async (made) => fill(new LayoutBuilder(made)))
    const failure: unknown = await readRoot(path).catch((error: unknown) => error)
    t.match(failure, { name: 'RegistryError', kind: 'unservable', message: says })
    t.match(failure, { message: path }, 'names the store path')
  })
}
