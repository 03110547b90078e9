/** Reads the objects of a store path: a file of them, or a directory as kubectl reads one. */
import { readFile, readdir, stat } from 'node:fs/promises'
import { encodeText, type ByteString } from '../../core/byte-string.ts'
import { fileOf, type StoreDirectory } from '../../core/nix/store-directory.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { GivenObject } from '../../delivery/set/object-set.ts'
import { readObjects } from '../../kubernetes/read/read-objects.ts'
import { realPath } from '../../source/files/real-path.ts'
import { SourceError } from './source-error.ts'

const MANIFEST_FILE = /\.(?:json|yaml|yml)$/
/** Bytes of a file. A set of 5,000 objects has 5 MB. */
const MAX_BYTES = 64 * 1024 * 1024
/** Problems that are shown. */
const MAX_SHOWN = 5

/** @throws SourceError for a path without objects, and for files that can't be read as such. */
export async function readManifests(
  directory: StoreDirectory,
  path: StorePath,
): Promise<readonly GivenObject[]> {
  const files = await manifestFiles(directory, path)
  const read = await Promise.all(
    files.map(async (file) => readObjects(await readText(directory, file), file)),
  )
  const problems = read.flatMap((one) => one.problems)
  if (problems.length > 0) {
    const shown = problems
      .slice(0, MAX_SHOWN)
      .map(({ source, line, message }) => `${source}:${line}: ${message}`)
    const more = problems.length > MAX_SHOWN ? [`and ${problems.length - MAX_SHOWN} more`] : []
    throw new SourceError('InvalidManifests', [...shown, ...more].join('\n'), { isFinal: true })
  }
  return read.flatMap(({ objects }) =>
    objects.map(({ object, source, lineOf }) => ({
      object,
      placeOf: (at: Parameters<typeof lineOf>[0]) => `${source}:${lineOf(at)}`,
    })),
  )
}

async function manifestFiles(directory: StoreDirectory, path: StorePath): Promise<readonly ByteString[]> {
  const place = await placeIn(directory, path)
  if (!(await stat(place)).isDirectory()) return [path]
  const names = (await readdir(place, 'utf8')).filter((name) => MANIFEST_FILE.test(name)).toSorted()
  if (names.length === 0)
    throw new SourceError('NoManifests', `${path}: no .yaml, .yml or .json in it`, { isFinal: true })
  return names.map((name) => encodeText(`${path}/${name}`))
}

async function readText(directory: StoreDirectory, file: ByteString): Promise<string> {
  const place = await placeIn(directory, file)
  const { size } = await stat(place)
  if (size > MAX_BYTES)
    throw new SourceError('InvalidManifests', `${file}: has ${size} bytes, more than ${MAX_BYTES}`, {
      isFinal: true,
    })
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(place))
  } catch (cause) {
    throw new SourceError('InvalidManifests', `${file}: isn’t UTF-8`, { isFinal: true, cause })
  }
}

/** @returns the file of this machine, which is below the store wherever links lead. */
async function placeIn(directory: StoreDirectory, path: ByteString): Promise<string | Buffer> {
  const real = await realPath(directory, path)
  if (real === undefined || !real.startsWith('/nix/store/'))
    throw new SourceError('NoManifests', `${path}: leads to nothing in the store`)
  return fileOf(directory, real)
}
