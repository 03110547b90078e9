/** A right registry has no faults; each thing that can be wrong is told, and by name. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type OutgoingHttpHeaders } from 'node:http'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { registryFaults } from './registry-faults.ts'
import type { Scope } from './scope.ts'

type Reply = { status: number; headers: OutgoingHttpHeaders; body: Buffer }
type Wrong = {
  /** Changes what is answered, and the manifest before its digest is known. */
  readonly answer?: (reply: Reply, ask: { method: string; path: string; range: string | undefined }) => void
  readonly manifest?: (manifest: { config: { size: number }; layers: { mediaType: string }[] }) => void
  readonly diffIds?: (diffIds: string[]) => void
}

const TAR = Buffer.alloc(2048, 'layer')
const isLayer = (path: string) => path === `/blobs/${sha256(TAR)}`

const rows: readonly (readonly [what: string, wrong: Wrong, fault: RegExp])[] = [
  [
    'another digest',
    { answer: ({ headers }) => (headers['docker-content-digest'] = sha256(Buffer.of())) },
    /^manifest nix: Docker-Content-Digest/,
  ],
  [
    'HEAD without length',
    { answer: ({ headers }, { method }) => void (method === 'HEAD' && delete headers['content-length']) },
    /content-length of HEAD is null/,
  ],
  [
    'HEAD of another type',
    {
      answer: ({ headers }, { method, path }) =>
        void (method === 'HEAD' && isLayer(path) && (headers['content-type'] = 'text/plain')),
    },
    /^layer 1: content-type of HEAD/,
  ],
  [
    'no HEAD',
    { answer: (reply, { method }) => void (method === 'HEAD' && (reply.status = 405)) },
    /status of HEAD is 405/,
  ],
  [
    'another byte in a blob',
    { answer: ({ body }, { path }) => void (isLayer(path) && (body[7] = 0)) },
    /^layer 1: digest/,
  ],
  [
    'a blob that is cut',
    { answer: (reply, { path }) => void (isLayer(path) && cutShort(reply)) },
    /^layer 1: size is 2047/,
  ],
  [
    'no such blob',
    { answer: (reply, { path }) => void (isLayer(path) && (reply.status = 404)) },
    /^layer 1: status is 404/,
  ],
  [
    'ranges are ignored',
    {
      answer: (reply, { range }) =>
        void (range !== undefined && reply.status === 206 && (reply.status = 200)),
    },
    /status of bytes=0-0 is 200/,
  ],
  [
    'another byte in a range',
    { answer: ({ body }, { range }) => void (range === 'bytes=-1' && (body[0] = 0)) },
    /^layer 1: sha256 of bytes=-1/,
  ],
  [
    'a range that says another',
    {
      answer: ({ headers }, { range }) =>
        void (range === 'bytes=0-0' && (headers['content-range'] = 'bytes 0-0/*')),
    },
    /Content-Range of bytes=0-0/,
  ],
  [
    'what is behind the end is there',
    { answer: (reply) => void (reply.status === 416 && (reply.status = 200)) },
    /status of a range behind its end is 200/,
  ],
  ['another size in the manifest', { manifest: ({ config }) => (config.size += 1) }, /^config: size/],
  [
    'another media type',
    { manifest: ({ layers: [layer] }) => void (layer !== undefined && (layer.mediaType += '+gzip')) },
    /says gzip, and it is plain/,
  ],
  [
    'another diff_id',
    { diffIds: (diffIds) => diffIds.splice(0, 1, sha256(Buffer.of())) },
    /^layer 1: its tar is .* and its diff_id/,
  ],
  ['a diff_id too few', { diffIds: (diffIds) => diffIds.pop() }, /^config: 1 diff_ids for 2 layers/],
]

void t.test('a right registry', async (t) => {
  t.strictSame(await registryFaults(await serve(t, {}), 'nix'), [])
})

for (const [what, wrong, fault] of rows) {
  void t.test(what, async (t) => {
    const faults = await registryFaults(await serve(t, wrong), 'nix')
    t.ok(
      faults.some((line) => fault.test(line)),
      faults.join('\n') || 'no fault at all',
    )
  })
}

/** A registry of one image of two layers, the upper one compressed, with one thing wrong. */
async function serve(scope: Scope, { answer, manifest: spoil, diffIds: spoilIds }: Wrong): Promise<string> {
  const compressed = gzipSync(Buffer.concat([TAR, TAR]))
  const diffIds = [sha256(TAR), sha256(Buffer.concat([TAR, TAR]))]
  spoilIds?.(diffIds)
  const config = Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: diffIds } }))
  const descriptor = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: sha256(bytes),
    size: bytes.length,
  })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const layer = 'application/vnd.oci.image.layer.v1.tar'
  const document = {
    mediaType,
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: [descriptor(layer, TAR), descriptor(`${layer}+gzip`, compressed)],
  }
  spoil?.(document)
  const manifest = Buffer.from(JSON.stringify(document))
  const blobs = new Map([config, TAR, compressed].map((bytes) => [`/blobs/${sha256(bytes)}`, bytes]))
  const documents = new Map(['nix', sha256(manifest)].map((name) => [`/manifests/${name}`, manifest]))
  const server = createServer(({ method = '', url: path = '', headers: { range } }, response) => {
    const whole = documents.get(path) ?? blobs.get(path) ?? Buffer.of()
    const reply: Reply = {
      status: 200,
      headers: {
        'content-type': documents.has(path) ? mediaType : 'application/octet-stream',
        'docker-content-digest': sha256(whole),
        'content-length': whole.length,
      },
      body: Buffer.from(whole),
    }
    if (range !== undefined) cutTo(range, reply)
    answer?.(reply, { method, path, range })
    response.writeHead(reply.status, reply.headers)
    response.end(method === 'HEAD' ? undefined : reply.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

function cutTo(range: string, reply: Reply): void {
  const size = reply.body.length
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? []
  const start = first === '' ? size - Number(last) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  reply.status = start >= size ? 416 : 206
  reply.body = Buffer.from(reply.body.subarray(start, end))
  reply.headers['content-length'] = reply.body.length
  reply.headers['content-range'] = `bytes ${start}-${end - 1}/${size}`
}

function cutShort(reply: Reply): void {
  reply.body = reply.body.subarray(0, -1)
  reply.headers['content-length'] = reply.body.length
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
