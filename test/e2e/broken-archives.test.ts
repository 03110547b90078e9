/** Images that are tars or directories, broken in every way, through the server. */
import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { refusedAll, type BrokenImage } from './refusals.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { archiveFiles, imageConfig, sha256Hex } from '../support/docker-archive.ts'
import { binarySize, paxEntry, rawTar, type RawEntry } from '../support/raw-tar.ts'
import { missing } from '../support/requirement.ts'

const skip = missing('nix')
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar'
const MB = 1_000_000
const bytes = (text: string): Buffer => Buffer.from(text)
const MISSING = /no file|not in the archive|missing/
const NONE: RawEntry = { name: '' }
const layer = rawTar([{ name: 'file', content: bytes('x') }])

type Parts = {
  /** The image config, before its layers' diff_ids are in it. */
  readonly config?: string
  readonly layers?: readonly Buffer[]
  /** Instead of those of the layers. */
  readonly diffIds?: readonly string[]
  readonly urls?: readonly string[]
}
type Form = (parts: Parts) => readonly RawEntry[]

const configOf = ({ config, layers = [layer], diffIds = layers.map(digestOf) }: Parts): Buffer =>
  config === undefined ? imageConfig(diffIds) : bytes(config)

const dockerArchive: Form = (parts) => {
  const { layers = [layer], urls = [] } = parts
  const files = archiveFiles(layers, { config: configOf(parts) })
  const entries = Object.entries(files).map(([name, content]) => ({ name, content }))
  if (urls.length === 0) return entries
  const [manifest] = JSON.parse(String(files['manifest.json'])) as [object]
  const sources = { [digestOf(layer)]: { urls } }
  const changed = { name: 'manifest.json', content: json([{ ...manifest, LayerSources: sources }]) }
  return [...entries.filter(({ name }) => name !== 'manifest.json').slice(1), changed]
}

const ociLayout: Form = (parts) => layoutOf(parts, {})
const snapshotter: Form = (parts) => layoutOf(parts, { 'containerd.io/snapshot/nix-layer': 'true' })

const descriptor = (mediaType: string, content: Buffer, more: object = {}) => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
  ...more,
})

function layoutOf(parts: Parts, annotations: Readonly<Record<string, string>>): readonly RawEntry[] {
  const { layers = [layer], urls } = parts
  const config = configOf(parts)
  const manifest = json({
    schemaVersion: 2,
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((one) => descriptor(LAYER_TYPE, one, { annotations, ...(urls && { urls }) })),
  })
  const index = {
    schemaVersion: 2,
    manifests: [descriptor('application/vnd.oci.image.manifest.v1+json', manifest)],
  }
  const blobs = [...(urls === undefined ? new Set(layers) : []), config, manifest]
  return [
    ...blobs.map((content) => ({ name: `blobs/sha256/${sha256Hex(content)}`, content })),
    { name: 'index.json', content: json(index) },
    { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
  ]
}

/** What is wrong with what an image says of itself; the same for all of them. */
const DEFECTS: readonly (readonly [what: string, parts: Parts, says: RegExp])[] = [
  ['a config that is no JSON', { config: '{' }, /config is no JSON/],
  ['a config of many brackets', { config: '['.repeat(3 * MB) }, /config: nested too deep/],
  ['a config that is none', { config: '{}' }, /not an image config/],
  [
    'a diff_id of another',
    { diffIds: [`sha256:${'0'.repeat(64)}`] },
    /has the diff_id sha256:0+ for a layer that is/,
  ],
  ['a diff_id too many', { diffIds: [digestOf(layer), digestOf(layer)] }, /2 diff_ids for 1 layers/],
  ['a diff_id of several lines', { diffIds: [`a\nb`] }, /not a diff_id: a b/],
  ['128 layers', { layers: Array.from({ length: 128 }, () => layer) }, /128 layers/],
  ['a layer elsewhere', { urls: ['https://example.org/layer'] }, /https:\/\/example\.org\/layer/],
]

const isDocument = ({ name }: RawEntry) => name === 'manifest.json' || name === 'index.json'

/** What is wrong with the tar that it is in. */
const BROKEN_TARS: readonly (readonly [
  what: string,
  change: (sound: readonly RawEntry[]) => Buffer,
  says: RegExp,
])[] = [
  ['cut off', (sound) => rawTar(sound).subarray(0, 1000), /truncated tar|breaks off/],
  ['an absolute name', (sound) => rawTar([...sound, { name: '/x' }]), /leads out of the archive/],
  ['a name that goes up', (sound) => rawTar([...sound, { name: '../x' }]), /leads out of the archive/],
  [
    'a lying size',
    (sound) => rawTar([...sound, { name: 'x', size: '77777777777\0' }]),
    /truncated tar|breaks off/,
  ],
  [
    'a size below nothing',
    (sound) => rawTar([...sound, { name: 'x', size: binarySize(0xff, 0xff) }]),
    /size that is not a number|not a tar header|breaks off/,
  ],
  [
    'a lie in a pax header',
    ([first = NONE, ...others]) => rawTar([first, paxEntry({ size: '-1' }), ...others]),
    /damaged pax header/,
  ],
  [
    'a huge pax header',
    ([first = NONE, ...others]) => rawTar([first, paxEntry({ a: 'x'.repeat(MB) }), ...others]),
    /bytes about an|too long/,
  ],
  [
    'two documents of one name',
    (sound) => rawTar([...sound, ...sound.filter(isDocument)]),
    /"(?:manifest|index)\.json" is in the archive twice/,
  ],
  [
    'two files of one name, not the same',
    (sound) => rawTar([...sound, { name: sound[0]?.name ?? '', content: bytes('other') }]),
    /is in the archive twice, and not the same/,
  ],
  [
    'a layer that is a device',
    ([first = NONE, ...others]) => rawTar([{ name: first.name, type: '3' }, ...others]),
    MISSING,
  ],
  [
    'a layer that is a link out',
    ([first = NONE, ...others]) =>
      rawTar([{ name: first.name, type: '2', target: '/etc/passwd' }, ...others]),
    MISSING,
  ],
]

for (const [kind, form] of [
  ['docker archive', dockerArchive],
  ['OCI layout', ociLayout],
  ['nix-snapshotter image', snapshotter],
] as const) {
  void t.test(`broken: ${kind}`, { skip }, async (t) => {
    const images: Promise<BrokenImage>[] = []
    for (const [what, parts, says] of DEFECTS)
      images.push(broken({ what, says }, stored('image.tar', rawTar(form(parts)))))
    for (const [what, change, says] of BROKEN_TARS)
      images.push(broken({ what, says }, stored('image.tar', change(form({})))))
    if (kind !== 'docker archive')
      for (const [what, parts, says] of DEFECTS)
        images.push(broken({ what: `${what}, a directory`, says }, directory(form(parts))))
    await refusedAll(t, await Promise.all(images))
  })
}

const COMPRESSORS = { gz: gzipSync, zst: zstdCompressSync }
/** What is in an unpacked archive is read as in a plain one, which has all defects above. */
const SOME = 2
const BROKEN_PACKING = { gz: /broken gzip/, zst: /broken zstd/ }

for (const [kind, form] of [
  ['docker archive', dockerArchive],
  ['OCI layout', ociLayout],
] as const) {
  void t.test(`broken: ${kind}, compressed`, { skip }, async (t) => {
    const images: Promise<BrokenImage>[] = []
    for (const suffix of ['gz', 'zst'] as const) {
      const name = `image.tar.${suffix}`
      const packed = async (tar: Buffer) => stored(name, COMPRESSORS[suffix](tar))
      for (const [what, parts, says] of DEFECTS.slice(0, SOME))
        images.push(broken({ what, says, isKept: true }, packed(rawTar(form(parts)))))
      for (const [what, change, says] of BROKEN_TARS.slice(0, SOME))
        images.push(broken({ what, says, isKept: true }, packed(change(form({})))))
      const [{ name: first } = NONE] = form({})
      const whole = COMPRESSORS[suffix](rawTar(form({ layers: [randomBytes(MB)] })))
      const middle = Math.floor(whole.length / 2)
      const cut = { 'at its end': -5, 'in its middle': middle }
      for (const [where, at] of Object.entries(cut)) {
        const what = { what: `cut ${where}`, says: BROKEN_PACKING[suffix] }
        images.push(broken(what, stored(name, whole.subarray(0, at))))
      }
      const damaged = Buffer.from(whole)
      damaged.fill(0xff, middle, middle + 1000)
      // Zstandard's checksum is left out by default, so it is the layer's digest that tells.
      const says = suffix === 'gz' ? /broken gzip/ : /a layer is said to be|has the diff_id/
      images.push(broken({ what: 'damaged', says, isKept: suffix === 'zst' }, stored(name, damaged)))
      images.push(broken({ what: 'a bomb', says: /200 times its size/ }, bomb(first, suffix)))
    }
    await refusedAll(t, await Promise.all(images))
  })
}

async function broken(image: Omit<BrokenImage, 'path'>, path: Promise<string>): Promise<BrokenImage> {
  return { ...image, path: await path }
}

async function stored(name: string, content: Buffer): Promise<string> {
  return makeStorePath(name, (path) => writeFile(path, content))
}

async function directory(entries: readonly RawEntry[]): Promise<string> {
  return makeStorePath('image', async (path) => {
    for (const { name, content = bytes('') } of entries) {
      await mkdir(dirname(join(path, name)), { recursive: true })
      await writeFile(join(path, name), content)
    }
  })
}

/** The start of an archive, and then 280 MB of nothing: more than any image may have that unpacks to so much more. */
async function bomb(name: string, suffix: 'gz' | 'zst'): Promise<string> {
  const start = rawTar([{ name, size: `${(280 * MB).toString(8).padStart(11, '0')}\0` }])
  return makeStorePath(`bomb.tar.${suffix}`, async (path) => {
    const zeros = Array.from({ length: 280 }, () => Buffer.alloc(MB))
    const packer = suffix === 'gz' ? createGzip() : createZstdCompress()
    await pipeline([start.subarray(0, 512), ...zeros], packer, createWriteStream(path))
  })
}

function digestOf(content: Uint8Array): string {
  return `sha256:${sha256Hex(content)}`
}

function json(value: unknown): Buffer {
  return bytes(JSON.stringify(value))
}
