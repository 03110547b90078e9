/**
 * The files that a container of an image sees, read from its layers without unpacking anything to disk, so that owners
 * and modes need no root; and the differences between two images, a line each.
 * Source: OCI image-spec, layer.md ("Applying Changesets", "Whiteouts").
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { extract } from 'tar-stream'
import { decompressed } from './registry-faults.ts'

/** What is compared of a file; a hard link is the file that it links to. */
type FileFacts = {
  readonly type: string
  readonly mode: string
  readonly owner: string
  readonly mtime: number
  readonly size: number
  readonly sha256: string
  readonly target: string
  /** Extended attributes as pax records (`SCHILY.xattr.…`), capabilities among them. */
  readonly attributes: Readonly<Record<string, unknown>>
}

export type ImageContent = {
  readonly config: Readonly<Record<string, unknown>>
  /** By absolute name. */
  readonly files: ReadonlyMap<string, FileFacts>
}

const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'
/** Of two images that differ in everything, enough is said after so many. */
const MAX_LINES = 30

/** An image as skopeo writes it to `dir:`. */
export async function readImageDirectory(directory: string): Promise<ImageContent> {
  const blob = (digest: string) => readFile(join(directory, digest.replace('sha256:', '')))
  const manifest = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as {
    config: { digest: string }
    layers: { digest: string }[]
  }
  const files = new Map<string, FileFacts>()
  for (const { digest } of manifest.layers) await applyLayer(decompressed(await blob(digest)), files)
  return {
    config: JSON.parse((await blob(manifest.config.digest)).toString()) as Record<string, unknown>,
    files,
  }
}

/** Puts a layer's tar over what the layers below it left. */
export async function applyLayer(tar: Uint8Array, files: Map<string, FileFacts>): Promise<void> {
  // Whiteouts are about the layers below, wherever in the tar they stand.
  const own = new Map<string, FileFacts>()
  const removed: string[] = []
  const emptied: string[] = []
  const reader = extract()
  reader.end(tar)
  for await (const entry of reader) {
    const { header } = entry
    const name = absolute(header.name)
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      hash.update(chunk)
      size += chunk.length
    }
    const base = posix.basename(name)
    const parent = posix.dirname(name)
    if (base === OPAQUE) {
      emptied.push(parent)
    } else if (base.startsWith(WHITEOUT)) {
      removed.push(posix.join(parent, base.slice(WHITEOUT.length)))
    } else if (header.type === 'link') {
      const target = absolute(header.linkname)
      const linked = own.get(target) ?? files.get(target)
      if (linked === undefined) throw new Error(`${name}: a hard link to ${target}, which isn't there`)
      own.set(name, linked)
    } else {
      own.set(name, {
        type: header.type,
        mode: (header.mode & 0o7777).toString(8).padStart(4, '0'),
        owner: `${header.uid}:${header.gid}`,
        mtime: Math.floor(header.mtime.getTime() / 1000),
        size,
        sha256: hash.digest('hex'),
        target: header.linkname ?? '',
        attributes: attributesOf(header.pax),
      })
    }
  }
  for (const name of files.keys()) {
    const isGone =
      removed.some((gone) => name === gone || name.startsWith(`${gone}/`)) ||
      emptied.some(
        (directory) => name !== directory && name.startsWith(directory === '/' ? '/' : `${directory}/`),
      )
    if (isGone) files.delete(name)
  }
  for (const [name, facts] of own) {
    // What is no directory any more has nothing in it.
    if (facts.type !== 'directory' && files.get(name)?.type === 'directory')
      for (const below of files.keys()) if (below.startsWith(`${name}/`)) files.delete(below)
    files.set(name, facts)
  }
}

/** Lines that say in what `found` differs from `wanted`: files, and every field of the config. None for equal images. */
export function imageDifferences(found: ImageContent, wanted: ImageContent): readonly string[] {
  const lines = [
    ...differences('config', flatten(found.config), flatten(wanted.config)),
    ...differences('file', found.files, wanted.files),
  ]
  return lines.length <= MAX_LINES
    ? lines
    : [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more differences`]
}

function differences(
  what: string,
  found: ReadonlyMap<string, unknown>,
  wanted: ReadonlyMap<string, unknown>,
): string[] {
  return [...new Set([...found.keys(), ...wanted.keys()])].sort().flatMap((name) => {
    if (!found.has(name)) return [`${what} ${name}: missing`]
    if (!wanted.has(name)) return [`${what} ${name}: not in the original`]
    const [is, should] = [found.get(name), wanted.get(name)]
    return isDeepStrictEqual(is, should) ? [] : [`${what} ${name}: ${describe(is, should)}`]
  })
}

/** Of facts, only those that differ. */
function describe(is: unknown, should: unknown): string {
  if (!isFacts(is) || !isFacts(should)) return `${JSON.stringify(is)}, not ${JSON.stringify(should)}`
  return Object.keys(is)
    .filter((key) => !isDeepStrictEqual(is[key], should[key]))
    .map((key) => `${key} ${JSON.stringify(is[key])}, not ${JSON.stringify(should[key])}`)
    .join('; ')
}

function isFacts(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && 'sha256' in value
}

/** `config.Env` and the like: fields of the document, and of its `config` each one. */
function flatten({ config, ...others }: ImageContent['config']): ReadonlyMap<string, unknown> {
  const inner = Object.entries(Object(config ?? {}) as object).map(
    ([key, value]) => [`config.${key}`, value] as const,
  )
  return new Map<string, unknown>([...Object.entries(others), ...inner])
}

function attributesOf(pax: unknown): FileFacts['attributes'] {
  const records = Object.entries(Object(pax ?? {}) as object)
  return Object.fromEntries(records.filter(([key]) => key.startsWith('SCHILY.xattr.')))
}

/** `./nix/store/`, `nix/store` and `/nix/store` are one name. */
function absolute(name: string): string {
  return posix.join('/', name).replace(/(?<=.)\/$/, '')
}
