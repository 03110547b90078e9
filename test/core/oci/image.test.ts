import type { Json } from '../../../src/core/json.ts'
import t from 'tap'
import { digestOf } from '../../../src/core/oci/digest.ts'
import {
  EMPTY_INDEX,
  MEDIA_TYPE,
  imageConfig,
  imageManifest,
  type Document,
  type LayerDescriptor,
} from '../../../src/core/oci/image.ts'

const text = ({ bytes }: Document) => Buffer.from(bytes).toString()
const layer = (content: string, createdBy: string): LayerDescriptor => ({
  digest: digestOf(Buffer.from(content)),
  diffId: digestOf(Buffer.from(content)),
  mediaType: MEDIA_TYPE.layer,
  size: content.length,
  createdBy,
})
const LAYERS = [layer('one', 'glibc, bash'), layer('three', 'root of app')]
const CONFIG = { Entrypoint: ['/bin/app'], Env: ['PATH=/bin'], Labels: { b: '2', a: '1' } }
const amd64 = { architecture: 'amd64', os: 'linux' } as const

void t.test('the bytes of a config', async (t) => {
  const config = imageConfig(amd64, CONFIG, LAYERS)
  t.equal(
    text(config),
    '{"architecture":"amd64",' +
      '"config":{"Entrypoint":["/bin/app"],"Env":["PATH=/bin"],"Labels":{"a":"1","b":"2"}},' +
      '"created":"1970-01-01T00:00:01Z",' +
      '"history":[{"created":"1970-01-01T00:00:01Z","created_by":"glibc, bash"},' +
      '{"created":"1970-01-01T00:00:01Z","created_by":"root of app"}],' +
      '"os":"linux",' +
      '"rootfs":{"diff_ids":["sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",' +
      '"sha256:8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f"],"type":"layers"}}',
  )
  t.equal(config.mediaType, 'application/vnd.oci.image.config.v1+json')
  t.equal(config.digest, digestOf(config.bytes))
})

void t.test('the bytes of a manifest', async (t) => {
  const config = imageConfig(amd64, {}, [])
  const manifest = imageManifest(config, LAYERS)
  t.equal(
    text(manifest),
    `{"config":{"digest":"${config.digest}","mediaType":"application/vnd.oci.image.config.v1+json","size":${config.bytes.length}},` +
      '"layers":[' +
      '{"digest":"sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed","mediaType":"application/vnd.oci.image.layer.v1.tar","size":3},' +
      '{"digest":"sha256:8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f","mediaType":"application/vnd.oci.image.layer.v1.tar","size":5}],' +
      '"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}',
  )
  t.equal(manifest.mediaType, 'application/vnd.oci.image.manifest.v1+json')
  // What a client pins: the same on every machine and for ever.
  t.equal(manifest.digest, 'sha256:528b271db54933aba6dab2d217a24eb8f9ad328664d817836391edf303b57645')
})

void t.test('an image without layers or config is still one', async (t) => {
  t.equal(
    text(imageConfig({ architecture: 'arm', variant: 'v7', os: 'linux' }, {}, [])),
    '{"architecture":"arm","config":{},"created":"1970-01-01T00:00:01Z","history":[],"os":"linux",' +
      '"rootfs":{"diff_ids":[],"type":"layers"},"variant":"v7"}',
  )
})

void t.test('the order of keys in what is given is irrelevant, at every depth', async (t) => {
  const turned: Record<string, Json> = {
    Labels: { a: '1', b: '2' },
    Env: ['PATH=/bin'],
    Entrypoint: ['/bin/app'],
  }
  t.equal(text(imageConfig(amd64, turned, LAYERS)), text(imageConfig(amd64, CONFIG, LAYERS)))
  t.equal(
    text(imageConfig(amd64, { x: [{ b: 1, a: { d: null, c: true } }] }, [])),
    text(imageConfig(amd64, { x: [{ a: { c: true, d: null }, b: 1 }] }, [])),
  )
})

void t.test('the order of lists is kept', async (t) => {
  t.not(text(imageConfig(amd64, { Cmd: ['a', 'b'] }, [])), text(imageConfig(amd64, { Cmd: ['b', 'a'] }, [])))
})

void t.test('keys are ordered by bytes, not by language', async (t) => {
  const found = text(imageConfig(amd64, { ä: 1, z: 2, Z: 3, a: 4, '\u{1f600}': 5, '\uffff': 6 }, []))
  t.match(found, '"config":{"Z":3,"a":4,"z":2,"ä":1,"\uffff":6,"\u{1f600}":5}')
})

void t.test('a key that objects have anyway is a key like others', async (t) => {
  const config = JSON.parse('{"__proto__":{"x":1},"constructor":"y"}') as { readonly [key: string]: Json }
  t.match(text(imageConfig(amd64, config, [])), '"config":{"__proto__":{"x":1},"constructor":"y"}')
})

void t.test('the list of no referrers', async (t) => {
  t.equal(
    text(EMPTY_INDEX),
    '{"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}',
  )
})
