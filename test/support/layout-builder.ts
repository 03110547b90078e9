/**
 * OCI layouts blob by blob, so that each thing that can be in one, or be wrong with one, can be put into it. What tools
 * write is in `oci-layout.ts` and what skopeo makes of that; this is for what no tool would write.
 */
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pack } from 'tar-stream'

export type BuiltDescriptor = {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly [key: string]: unknown
}

export const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const

export class LayoutBuilder {
  readonly directory: string
  readonly #ready: Promise<unknown>

  /** @param directory made if it isn't there. */
  constructor(directory: string) {
    this.directory = directory
    this.#ready = mkdir(this.blobs, { recursive: true })
  }

  get blobs(): string {
    return join(this.directory, 'blobs/sha256')
  }

  async blob(mediaType: string, content: Uint8Array | string | object): Promise<BuiltDescriptor> {
    await this.#ready
    const bytes =
      typeof content === 'string' || content instanceof Uint8Array
        ? Buffer.from(content)
        : Buffer.from(JSON.stringify(content))
    const hex = createHash('sha256').update(bytes).digest('hex')
    await writeFile(join(this.blobs, hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }

  /** A tar of one file. */
  async layer(name: string, text: string): Promise<BuiltDescriptor> {
    const tar = pack()
    tar.entry({ name, mtime: new Date(1000), mode: 0o644 }, text)
    tar.finalize()
    return this.blob(OCI.layer, Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Buffer>)))
  }

  /** An image of plain layers, with what `more` says over or beside the fields of its manifest. */
  async image(
    architecture: string,
    layers: readonly BuiltDescriptor[],
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<BuiltDescriptor> {
    const config = await this.blob(OCI.config, {
      architecture,
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    })
    return this.blob(OCI.manifest, { schemaVersion: 2, mediaType: OCI.manifest, config, layers, ...more })
  }

  async index(
    manifests: readonly BuiltDescriptor[],
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<BuiltDescriptor> {
    return this.blob(OCI.index, { schemaVersion: 2, mediaType: OCI.index, manifests, ...more })
  }

  /** Writes `index.json` and the mark. */
  async finish(manifests: readonly object[]): Promise<void> {
    await this.#ready
    await writeFile(join(this.directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
    await writeFile(join(this.directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  }
}

/** Of a platform, as in an index. */
export function of(architecture: string, descriptor: BuiltDescriptor, os = 'linux'): BuiltDescriptor {
  return { ...descriptor, platform: { os, architecture } }
}

/** With a tag, as skopeo and containerd write it. */
export function tagged(
  name: string,
  descriptor: BuiltDescriptor,
  key = 'org.opencontainers.image.ref.name',
): BuiltDescriptor {
  return { ...descriptor, annotations: { [key]: name } }
}
