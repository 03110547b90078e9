/** The smallest client: requests to a registry by store path, so that tests can say what goes over the wire. */
import { createHash } from 'node:crypto'
import { imageNameOf } from '../../src/core/oci/reference.ts'
import { storePath } from '../store-path.ts'

/** `nix.internal/nix/store/<hash>-<slug>:nix`. */
export function imageName(path: string): string {
  return imageNameOf(storePath(path))
}

/** `http://…/v2/nix/store/<hash>-<slug>`. */
export function repositoryUrl(url: string, path: string): string {
  return `${url}/v2/${imageName(path)
    .replace(/^[^/]*\//, '')
    .replace(/:nix$/, '')}`
}

export type Manifest = {
  readonly mediaType: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}
type Descriptor = { readonly mediaType: string; readonly digest: string; readonly size: number }

export type PulledImage = { readonly digest: string; readonly manifest: Manifest; readonly text: string }

/** The manifest by tag. @throws with the whole answer when there is none. */
export async function pullManifest(url: string, path: string, tag = 'nix'): Promise<PulledImage> {
  const response = await fetch(`${repositoryUrl(url, path)}/manifests/${tag}`)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status} ${response.statusText}: ${text}`)
  return {
    digest: response.headers.get('docker-content-digest') ?? '',
    manifest: JSON.parse(text) as Manifest,
    text,
  }
}

export async function pullBlob(
  url: string,
  path: string,
  digest: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${repositoryUrl(url, path)}/blobs/${digest}`, { headers })
}

/** Every blob of an image, each checked against its descriptor, by digest. */
export async function pullAll(url: string, path: string, tag = 'nix'): Promise<ReadonlyMap<string, Buffer>> {
  const { manifest } = await pullManifest(url, path, tag)
  const blobs = new Map<string, Buffer>()
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    const bytes = Buffer.from(await (await pullBlob(url, path, digest)).arrayBuffer())
    if (bytes.length !== size || sha256(bytes) !== digest)
      throw new Error(`blob ${digest} has other bytes: ${sha256(bytes)}`)
    blobs.set(digest, bytes)
  }
  return blobs
}

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** The error document of a refusal. */
export async function refusal(response: Response): Promise<{
  readonly status: number
  readonly reason: string
  readonly code: string
  readonly message: string
  readonly detail: Readonly<Record<string, unknown>>
}> {
  const body = (await response.json()) as {
    errors: [{ code: string; message: string; detail?: Record<string, unknown> }]
  }
  const [{ code, message, detail = {} }] = body.errors
  return { status: response.status, reason: response.statusText, code, message, detail }
}
