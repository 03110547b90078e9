/** Writes the files of an OCI layout, each blob once. Source: OCI image-spec, image-layout.md. */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Json } from '../../src/core/json.ts'
import { parseDigest, type Digest } from '../../src/core/oci/digest.ts'
import type { Document } from '../../src/core/oci/image.ts'

/** Level 9 takes twice as long, for 0.2 % less. */
const GZIP_LEVEL = 6

export class LayoutWriter {
  readonly #directory: string
  readonly #blobs: string

  private constructor(directory: string) {
    this.#directory = directory
    this.#blobs = join(directory, 'blobs', 'sha256')
  }

  /** @throws where the directory is there already. */
  static async open(directory: string): Promise<LayoutWriter> {
    await mkdir(directory)
    const writer = new LayoutWriter(directory)
    await mkdir(writer.#blobs, { recursive: true })
    await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    return writer
  }

  async document({ digest, bytes }: Pick<Document, 'digest' | 'bytes'>): Promise<void> {
    await writeFile(this.#pathOf(digest), bytes)
  }

  /** Compresses a layer. Chunks are valid until the next is asked for. @returns its digest and its size. */
  async layer(
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly digest: Digest; readonly size: number }> {
    const partial = join(this.#blobs, `.${randomBytes(8).toString('hex')}`)
    await pipeline(copied(chunks), createGzip({ level: GZIP_LEVEL }), createWriteStream(partial))
    const hash = createHash('sha256')
    await pipeline(createReadStream(partial), hash)
    const digest = parseDigest(`sha256:${hash.digest('hex')}`)
    await rename(partial, this.#pathOf(digest))
    return { digest, size: (await stat(this.#pathOf(digest))).size }
  }

  /** Writes what the layout has at its top. */
  async index(manifests: readonly Json[]): Promise<void> {
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests,
    }
    await writeFile(join(this.#directory, 'index.json'), JSON.stringify(index))
  }

  #pathOf(digest: Digest): string {
    return join(this.#blobs, digest.slice('sha256:'.length))
  }
}

/** The buffers of a stream are used again. */
async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}
