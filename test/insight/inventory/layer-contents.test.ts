import { gzipSync, zstdCompressSync } from 'node:zlib'
import { pack } from 'tar-stream'
import t from 'tap'
import { LayerReader } from '../../../src/insight/inventory/layer-contents.ts'
import { digestOf } from '../../../src/core/oci/digest.ts'
import type { ImageLayer } from '../../../src/registry/artifact/image-root.ts'
import { GLIBC, TOOL, WEB } from '../web.ts'

const TAR = 'application/vnd.oci.image.layer.v1.tar'

const tarOf = (...names: readonly string[]): Promise<Buffer> => {
  const tar = pack()
  for (const name of names)
    tar.entry(name.endsWith('/') ? { name, type: 'directory' } : { name }, name.endsWith('/') ? '' : 'text')
  tar.finalize()
  return Array.fromAsync(tar).then((chunks) => Buffer.concat(chunks as Buffer[]))
}

const storeTar = await tarOf(
  'nix/',
  './nix/store/',
  `.${TOOL}/`,
  `${TOOL.slice(1)}/bin/tool`,
  `.${GLIBC}/lib`,
)
const mixedTar = await tarOf(`.${TOOL}/bin/tool`, 'etc/passwd')

for (const [title, blob, mediaType, paths, hasOthers] of [
  ['a plain tar', storeTar, TAR, [TOOL, GLIBC], false],
  ['gzip', gzipSync(storeTar), `${TAR}+gzip`, [TOOL, GLIBC], false],
  [
    'Docker’s gzip',
    gzipSync(storeTar),
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
    [TOOL, GLIBC],
    false,
  ],
  ['zstd', zstdCompressSync(storeTar), `${TAR}+zstd`, [TOOL, GLIBC], false],
  ['other files beside', mixedTar, TAR, [TOOL], true],
  ['damaged gzip', gzipSync(storeTar).fill(7, 40, 60), `${TAR}+gzip`, [], true],
  ['gzip that isn’t', storeTar, `${TAR}+gzip`, [], true],
  ['a store path outside of the store', await tarOf(`opt${TOOL}/x`), TAR, [], true],
  ['nothing', Buffer.alloc(1024), TAR, [], false],
] as const)
  void t.test(title, async (t) => {
    let reads = 0
    const reader = new LayerReader(async function* () {
      reads++
      for (let at = 0; at < blob.length; at += 100) yield blob.subarray(at, at + 100)
    })
    const contents = await reader.contents(WEB, layerOf(blob, mediaType))
    t.match(contents, { isForeign: true, hasOthers })
    t.strictSame(contents.paths, paths)
    await reader.contents(WEB, layerOf(blob, mediaType))
    t.equal(reads, 1, 'is read once')
  })

void t.test('an error of the store is the caller’s', async (t) => {
  const reader = new LayerReader(async function* () {
    yield storeTar.subarray(0, 10)
    throw new Error('gone')
  })
  await t.rejects(reader.contents(WEB, layerOf(storeTar, TAR)), { message: 'gone' })
})

function layerOf(blob: Buffer, mediaType: string): ImageLayer {
  const digest = digestOf(blob)
  const slice = { offset: 0, length: blob.length, fileSize: blob.length }
  return {
    digest,
    diffId: digest,
    size: blob.length,
    mediaType,
    createdBy: 'test',
    source: { kind: 'slice', path: TOOL, ...slice },
  }
}
