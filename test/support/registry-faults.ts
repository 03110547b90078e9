/**
 * What is wrong with how an image is served, over HTTP alone: every document and blob against its digest and size,
 * every layer against its diff_id and media type, and HEAD, GET and ranges against each other. A fault is a line that
 * says where and what, so that a right registry has none and a wrong one says all that is wrong with it.
 *
 * Source: OCI distribution-spec "Pull", image-spec manifest.md, config.md and image-index.md; RFC 9110, 14.
 */
import { createHash } from 'node:crypto'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'

type Descriptor = {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly architecture: string; readonly os: string }
}
type Manifest = {
  readonly mediaType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

const INDEX = /image\.index|manifest\.list/
const ACCEPT = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ')
/** Of a body that is not what it should be. */
const SHOWN = 200

/** @param repository `http://…/v2/nix/store/<hash>-<slug>`. @param reference tag or digest. */
export async function registryFaults(repository: string, reference: string): Promise<readonly string[]> {
  const faults: string[] = []
  await checkManifest(repository, reference, undefined, (fault) => faults.push(fault))
  return faults
}

type Report = (fault: string) => void

async function checkManifest(
  repository: string,
  reference: string,
  expected: Descriptor | undefined,
  report: Report,
): Promise<void> {
  const url = `${repository}/manifests/${reference}`
  const answer = await get(url)
  const text = answer.bytes.toString()
  if (answer.status !== 200) {
    report(`manifest ${reference}: ${answer.status} ${text.slice(0, SHOWN)}`)
    return
  }
  const digest = sha256(answer.bytes)
  const says = (what: string, found: unknown, wanted: unknown) => {
    if (found !== wanted) report(`manifest ${reference}: ${what} is ${String(found)}, not ${String(wanted)}`)
  }
  says('Docker-Content-Digest', answer.headers.get('docker-content-digest'), digest)
  says('Content-Length', answer.headers.get('content-length'), String(answer.bytes.length))
  if (expected !== undefined) {
    says('digest', digest, expected.digest)
    says('size', answer.bytes.length, expected.size)
  }
  const type = answer.headers.get('content-type')
  const head = await request(url, 'HEAD')
  says('status of HEAD', head.status, 200)
  for (const name of ['docker-content-digest', 'content-length', 'content-type'])
    says(`${name} of HEAD`, head.headers.get(name), answer.headers.get(name))
  const again = await get(`${repository}/manifests/${digest}`)
  says('manifest by its digest', sha256(again.bytes), digest)

  const document = JSON.parse(text) as
    Manifest | { readonly mediaType?: string; readonly manifests: readonly Descriptor[] }
  if (document.mediaType !== undefined) says('Content-Type', type, document.mediaType)
  if ('manifests' in document) {
    says('Content-Type of an index', INDEX.test(type ?? ''), true)
    for (const child of document.manifests) await checkManifest(repository, child.digest, child, report)
  } else {
    await checkImage(repository, document, report)
  }
}

async function checkImage(repository: string, { config, layers }: Manifest, report: Report): Promise<void> {
  const bytes = await checkBlob(repository, config, 'config', report)
  const diffIds = diffIdsOf(bytes)
  if (diffIds.length !== layers.length)
    report(`config: ${diffIds.length} diff_ids for ${layers.length} layers`)
  for (const [i, layer] of layers.entries()) {
    const name = `layer ${i + 1}`
    const blob = await checkBlob(repository, layer, name, report)
    const says = compressionSaid(layer.mediaType)
    const is = compressionOf(blob)
    if (says !== is) report(`${name}: its media type ${layer.mediaType} says ${says}, and it is ${is}`)
    const diffId = sha256(decompressed(blob))
    if (diffId !== diffIds[i]) report(`${name}: its tar is ${diffId}, and its diff_id ${diffIds[i]}`)
  }
}

/** @returns what GET sent. */
async function checkBlob(
  repository: string,
  { digest, size }: Descriptor,
  name: string,
  report: Report,
): Promise<Buffer> {
  const url = `${repository}/blobs/${digest}`
  const whole = await get(url)
  const says = (what: string, found: unknown, wanted: unknown) => {
    if (found !== wanted) report(`${name}: ${what} is ${String(found)}, not ${String(wanted)}`)
  }
  says('status', whole.status, 200)
  says('size', whole.bytes.length, size)
  says('digest', sha256(whole.bytes), digest)
  says('Content-Length', whole.headers.get('content-length'), String(size))
  const head = await request(url, 'HEAD')
  says('status of HEAD', head.status, 200)
  for (const field of ['content-length', 'content-type', 'docker-content-digest'])
    says(`${field} of HEAD`, head.headers.get(field), whole.headers.get(field))

  const middle = Math.floor(size / 2)
  const ranges: readonly (readonly [header: string, start: number, end: number])[] = [
    ['bytes=0-0', 0, 1],
    [`bytes=0-${size + 10}`, 0, size],
    [`bytes=${middle}-`, middle, size],
    [`bytes=${Math.max(0, middle - 600)}-${middle}`, Math.max(0, middle - 600), middle + 1],
    ['bytes=-1', size - 1, size],
  ]
  for (const [range, start, end] of size === 0 ? [] : ranges) {
    const part = await get(url, { range })
    says(`status of ${range}`, part.status, 206)
    says(`Content-Range of ${range}`, part.headers.get('content-range'), `bytes ${start}-${end - 1}/${size}`)
    says(`sha256 of ${range}`, sha256(part.bytes), sha256(whole.bytes.subarray(start, end)))
  }
  says('status of a range behind its end', (await get(url, { range: `bytes=${size}-` })).status, 416)
  return whole.bytes
}

type Answer = { readonly status: number; readonly headers: Headers; readonly bytes: Buffer }

async function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return request(url, 'GET', headers)
}

/** A transfer that breaks off is an answer without bytes: the fault is told where they are compared. */
async function request(url: string, method: string, headers: Record<string, string> = {}): Promise<Answer> {
  // Compressed on the wire, a blob has no length that could be compared.
  const response = await fetch(url, {
    method,
    headers: { accept: ACCEPT, 'accept-encoding': 'identity', ...headers },
  })
  const bytes = Buffer.from(await response.arrayBuffer().catch(() => new ArrayBuffer(0)))
  return { status: response.status, headers: response.headers, bytes }
}

function diffIdsOf(config: Buffer): readonly string[] {
  const { rootfs } = JSON.parse(config.toString() || '{}') as { rootfs?: { diff_ids?: readonly string[] } }
  return rootfs?.diff_ids ?? []
}

type Compression = 'plain' | 'gzip' | 'zstd'

/** By the first bytes: RFC 1952, RFC 8878. */
function compressionOf(bytes: Buffer): Compression {
  if (bytes.subarray(0, 2).equals(Buffer.of(0x1f, 0x8b))) return 'gzip'
  return bytes.subarray(0, 4).equals(Buffer.of(0x28, 0xb5, 0x2f, 0xfd)) ? 'zstd' : 'plain'
}

export function decompressed(bytes: Buffer): Buffer {
  switch (compressionOf(bytes)) {
    case 'gzip':
      return gunzipSync(bytes)
    case 'zstd':
      return zstdDecompressSync(bytes)
    case 'plain':
      return bytes
  }
}

function compressionSaid(mediaType: string): Compression {
  if (/[+.]gzip$/.test(mediaType)) return 'gzip'
  return mediaType.endsWith('+zstd') ? 'zstd' : 'plain'
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
