import t from 'tap'
import { extract } from 'tar-stream'
import { Readable } from 'node:stream'
import { archiveFiles } from '../../src/archive/archive-files.ts'
import { tarArchive, tarSize } from '../../src/archive/tar-archive.ts'
import { fakeExport, readFrom } from './fake-images.ts'

const MEGABYTE = 1024 * 1024

void t.test('a tar that others read, of the size that was said', async (t) => {
  const contents = ['x'.repeat(5000), 'y'.repeat(512), '']
  const files = archiveFiles([fakeExport('greeter:1', ...contents)], 'docker-archive')
  const chunks: Buffer[] = []
  for await (const chunk of tarArchive(files, readFrom(...contents))) chunks.push(Buffer.from(chunk))
  const tar = Buffer.concat(chunks)
  t.equal(tar.length, tarSize(files))
  t.equal(tar.length % 512, 0)
  t.ok(tar.subarray(-1024).equals(Buffer.alloc(1024)), 'ends as a tar must')

  const reader = extract()
  reader.end(tar)
  const found: [string, string][] = []
  for await (const entry of reader) {
    let text = ''
    for await (const chunk of entry as AsyncIterable<Buffer>) text += chunk.toString()
    t.match(entry.header, { uid: 0, gid: 0, mtime: new Date(1000), uname: '', gname: '' })
    found.push([entry.header.name, text])
  }
  t.strictSame(found.splice(0, 2), [
    ['blobs/', ''],
    ['blobs/sha256/', ''],
  ])
  for (const [i, file] of files.entries()) {
    const [name, text = ''] = found[i] ?? []
    t.equal(name, file.name)
    t.equal(
      text,
      file.kind === 'bytes'
        ? Buffer.from(file.bytes).toString()
        : contents.find((content) => content.length === file.size),
    )
  }
})

void t.test('a layer of more than eight gigabytes', async (t) => {
  const [layer, next] = archiveFiles([fakeExport('greeter:1', 'base', 'next')], 'oci').filter(
    ({ kind }) => kind === 'layer',
  )
  if (layer?.kind !== 'layer' || next === undefined) throw new Error('no layers')
  const size = 8 * 1024 * MEGABYTE + 100
  const large = { ...layer, size }
  const piece = Buffer.alloc(MEGABYTE)
  let made = 0
  const tar = tarArchive([large, next], async function* ({ digest }) {
    if (digest !== layer.digest) yield Buffer.from('next')
    else for (let at = 0; at < size; at += MEGABYTE) yield piece.subarray(0, Math.min(MEGABYTE, size - at))
  })
  const reader = Readable.from(counted()).pipe(extract())
  const sizes = new Map<string, number>()
  for await (const entry of reader as unknown as AsyncIterable<
    AsyncIterable<Buffer> & { header: { name: string } }
  >) {
    let length = 0
    for await (const chunk of entry) length += chunk.length
    sizes.set(entry.header.name, length)
  }
  t.equal(sizes.get(layer.name), size)
  t.equal(sizes.get(next.name), 4, 'what is behind it is found')
  t.equal(made, tarSize([large, next]))

  async function* counted() {
    for await (const chunk of tar) {
      made += chunk.length
      yield chunk
    }
  }
})

void t.test('an unreadable file cuts the archive', async (t) => {
  const files = archiveFiles([fakeExport('greeter:1', 'base')], 'oci-archive')
  await t.rejects(async () => {
    for await (const chunk of tarArchive(files, failing)) void chunk
  }, /store file changed/)
})

async function* failing() {
  yield Buffer.from('ba')
  throw new Error('store file changed')
}
