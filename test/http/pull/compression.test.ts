import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import t from 'tap'
import { chooseEncoding } from '../../../src/http/pull/compression.ts'
import { MAX_COMPRESSORS, compress } from '../../../src/layer/compressor.ts'

const LARGE = 1_000_000
const ELSEWHERE = '10.0.0.7'

void t.test('the encoding of a layer', async (t) => {
  for (const [mode, accept, peer, size, expected] of [
    // Never unless asked for.
    ['auto', undefined, ELSEWHERE, LARGE, undefined],
    ['zstd', undefined, ELSEWHERE, LARGE, undefined],
    ['gzip', undefined, ELSEWHERE, LARGE, undefined],
    ['auto', '', ELSEWHERE, LARGE, undefined],
    ['auto', 'identity', ELSEWHERE, LARGE, undefined],
    // As containerd, skopeo and curl ask.
    ['auto', 'zstd;q=1.0, gzip;q=0.8, deflate;q=0.5', ELSEWHERE, LARGE, 'zstd'],
    ['auto', 'gzip', ELSEWHERE, LARGE, undefined],
    ['zstd', 'gzip', ELSEWHERE, LARGE, undefined],
    ['gzip', 'gzip', ELSEWHERE, LARGE, 'gzip'],
    ['gzip', 'gzip, zstd', ELSEWHERE, LARGE, 'zstd'],
    ['none', 'gzip, zstd', ELSEWHERE, LARGE, undefined],
    ['auto', 'ZSTD', ELSEWHERE, LARGE, 'zstd'],
    ['auto', ' br ,zstd ; q=0.1', ELSEWHERE, LARGE, 'zstd'],
    // Named and refused.
    ['auto', 'zstd;q=0', ELSEWHERE, LARGE, undefined],
    ['auto', 'zstd; q=0.000', ELSEWHERE, LARGE, undefined],
    ['gzip', 'zstd;q=0, gzip', ELSEWHERE, LARGE, 'gzip'],
    // Within one machine compression only costs.
    ['auto', 'zstd', '127.0.0.1', LARGE, undefined],
    ['auto', 'zstd', '127.8.8.8', LARGE, undefined],
    ['auto', 'zstd', '::1', LARGE, undefined],
    ['auto', 'zstd', '::ffff:127.0.0.1', LARGE, undefined],
    ['auto', 'zstd', undefined, LARGE, undefined],
    ['auto', 'zstd', '::ffff:10.0.0.7', LARGE, 'zstd'],
    ['auto', 'zstd', 'fe80::1', LARGE, 'zstd'],
    ['zstd', 'zstd', '127.0.0.1', LARGE, 'zstd'],
    ['gzip', 'gzip', '::1', LARGE, 'gzip'],
    // Nor of what is small.
    ['auto', 'zstd', ELSEWHERE, 4095, undefined],
    ['auto', 'zstd', ELSEWHERE, 4096, 'zstd'],
    ['zstd', 'zstd', ELSEWHERE, 0, undefined],
  ] as const) {
    t.equal(chooseEncoding(mode, accept, peer, size), expected, `${mode}, ${accept}, ${peer}, ${size}`)
  }
})

void t.test('compressed bytes decompress to the same', async (t) => {
  const bytes = Buffer.from('a layer of a tar '.repeat(100_000))
  for (const [encoding, decompress] of [
    ['zstd', zstdDecompressSync],
    ['gzip', gunzipSync],
  ] as const) {
    const stream = compress(encoding)
    stream.end(bytes)
    const found = await buffer(stream)
    t.ok(found.length < bytes.length / 10, `${encoding}: smaller`)
    t.ok(decompress(found).equals(bytes), encoding)
  }
})

const choose = () => chooseEncoding('zstd', 'zstd', ELSEWHERE, LARGE)

void t.test('beyond the limit of compressors, streams go as they are', async (t) => {
  const open = Array.from({ length: MAX_COMPRESSORS }, () => {
    t.equal(choose(), 'zstd')
    return compress('zstd')
  })
  t.equal(choose(), undefined)
  const [first] = open
  const closed = first === undefined ? undefined : once(first, 'close')
  first?.destroy()
  await closed
  t.equal(choose(), 'zstd', 'until one is closed')
  for (const compressor of open) compressor.destroy()
})
