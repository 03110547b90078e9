import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { digestOf } from '../../../src/core/oci/digest.ts'
import { EncodedCopies } from '../../../src/encoded/encoded-copies.ts'
import { encodedBody } from '../../../src/http/pull/encoded-body.ts'

const TAR = 'application/vnd.oci.image.layer.v1.tar'

function blobOf(size: number, mediaType = TAR) {
  const bytes = Buffer.alloc(size, 'layer')
  const read = async function* () {
    yield bytes
  }
  return { digest: digestOf(bytes), size, mediaType, read }
}

void t.test('how a blob is encoded', async (t) => {
  const copies = new EncodedCopies({ directory: t.testdir({}), maxBytes: 10_000_000 })
  t.teardown(async () => copies.close())
  for (const [what, blob, encoding, given, expected] of [
    ['a layer', blobOf(300_000), 'zstd', copies, 'copy'],
    ['without copies', blobOf(300_000), 'zstd', undefined, 'on its way'],
    ['as gzip', blobOf(300_000), 'gzip', copies, 'on its way'],
    ['what is small', blobOf(10_000), 'zstd', copies, 'on its way'],
    ['gzip already', blobOf(300_000, `${TAR}+gzip`), 'zstd', copies, 'as it is'],
    ['zstd already', blobOf(300_000, `${TAR}+zstd`), 'zstd', copies, 'as it is'],
    [
      'gzip by Docker',
      blobOf(300_000, 'application/vnd.docker.image.rootfs.diff.tar.gzip'),
      'zstd',
      copies,
      'as it is',
    ],
    ['EROFS', blobOf(300_000, 'application/vnd.erofs.layer.v1'), 'zstd', copies, 'copy'],
  ] as const) {
    const body = await encodedBody(blob, encoding, given)
    const kind = body === undefined ? 'as it is' : body.compressor === undefined ? 'copy' : 'on its way'
    t.equal(kind, expected, what)
    if (body === undefined) continue
    t.equal(body.encoding, encoding)
    t.ok((await buffer(body.chunks)).length > 0)
  }
})
