import t from 'tap'
import { archiveFiles, FORMATS, type ArchiveFile } from '../../src/archive/archive-files.ts'
import { digestOf } from '../../src/core/oci/digest.ts'
import { fakeExport } from './fake-images.ts'

const hex = (content: string) => digestOf(Buffer.from(content)).replace('sha256:', '')
const blob = (digest: string | undefined) => `blobs/sha256/${digest?.replace('sha256:', '')}`
const textOf = (files: readonly ArchiveFile[], name: string) => {
  const file = files.find((candidate) => candidate.name === name)
  return file?.kind === 'bytes' ? Buffer.from(file.bytes).toString() : undefined
}

void t.test('documents first, no blob twice', async (t) => {
  const one = fakeExport('one:1', 'base', 'upper', 'base')
  const two = fakeExport('two:1', 'base', 'other')
  const blobs = [
    blob(one.images[0]?.manifest.digest),
    blob(one.images[0]?.config.digest),
    blob(hex('base')),
    blob(hex('upper')),
    blob(two.images[0]?.manifest.digest),
    blob(two.images[0]?.config.digest),
    blob(hex('other')),
  ]
  for (const format of FORMATS) {
    const docker = format === 'docker-archive' ? ['manifest.json'] : []
    t.strictSame(
      archiveFiles([one, two], format).map(({ name }) => name),
      ['oci-layout', 'index.json', ...docker, ...blobs],
      format,
    )
  }
})

void t.test('the documents of an image, byte for byte', async (t) => {
  const files = archiveFiles([fakeExport('greeter:1', 'base')], 'docker-archive')
  t.equal(textOf(files, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  t.equal(
    textOf(files, 'index.json'),
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:84ae8ad7a7e8ee6a9a9abd8e2c5d2b171090a10dce8cde05f5f1466b4e36baff","size":394,"annotations":{"io.containerd.image.name":"docker.io/library/greeter:1","org.opencontainers.image.ref.name":"greeter:1"},"platform":{"architecture":"amd64","os":"linux"}}]}',
  )
  t.equal(
    textOf(files, 'manifest.json'),
    '[{"Config":"blobs/sha256/29117ce8ce3e4f92172b4334cecf5ed067a4997feab069f922152f3e3a45aad9","RepoTags":["greeter:1"],"Layers":["blobs/sha256/cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2"]}]',
  )
})

void t.test('the same image under two names', async (t) => {
  const files = archiveFiles([fakeExport('one:1', 'base'), fakeExport('two:1', 'base')], 'docker-archive')
  t.equal(files.length, 3 + 3)
  t.match(textOf(files, 'index.json'), /"one:1".*"two:1"/)
  t.match(textOf(files, 'manifest.json'), /"one:1".*"two:1"/)
})
