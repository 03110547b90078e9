/** Reads the arguments of `pushless warm`: images, manifests, directories of manifests, and results of Nix. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { RegistryError } from '../../core/errors/errors.ts'
import { parseImageName } from '../../core/oci/image-name.ts'
import {
  findReferences,
  mergeReferences,
  type ImageReferences,
} from '../../kubernetes/references/image-references.ts'
import { storePathAround } from '../../core/nix/store-path.ts'
import { explainSystemError } from '../../core/errors/system-error.ts'
import { MANIFEST_FILE, readTextFile } from '../manifests/object-files.ts'
import { UsageError } from '../usage-error.ts'

export type WarmInput = {
  readonly arguments: readonly string[]
  /** Under which the registry is known, beside `nix.internal`. */
  readonly hosts: readonly string[]
  /** Whether a manifest may name none of our images. */
  readonly mayBeEmpty: boolean
  readonly stdin: NodeJS.ReadableStream
}

/** A store path is a manifest only if its content says so: images are JSON files and directories, too. */
const KUBERNETES_OBJECT = /^\s*"?kind"?\s*:|"kind"\s*:/m
const API_VERSION = /"?apiVersion"?\s*:/

/** Every image that is named, each once. @throws UsageError for what can't be read, or names none. */
export async function readWarmInput(input: WarmInput): Promise<ImageReferences> {
  const all: ImageReferences[] = []
  for (const argument of input.arguments) {
    const references = await readArgument(argument, input).catch(explain)
    const count = references.images.length + references.malformed.length
    if (count === 0 && !input.mayBeEmpty) throw new UsageError(describeEmpty(argument, references))
    all.push(references)
  }
  return mergeReferences(all)
}

async function readArgument(argument: string, { hosts, stdin }: WarmInput): Promise<ImageReferences> {
  if (argument === '-') return findReferences(await readText(stdin), { source: 'standard input', hosts })
  const target = await realpath(argument).catch(() => undefined)
  if (target === undefined) return imageOf(argument)
  const files = (await stat(target)).isDirectory() ? await objectFiles(target) : [target]
  const storePath = storePathAround(target)
  if (storePath !== undefined && !(await areManifests(files))) return imageOf(storePath)
  const name = (file: string) => (file === target ? argument : join(argument, file.slice(target.length)))
  const texts = await Promise.all(files.map((file) => readTextFile(file)))
  return mergeReferences(
    texts.map((text, i) => findReferences(text, { source: name(files[i] ?? ''), hosts })),
  )
}

function imageOf(text: string): ImageReferences {
  return { images: [{ ...parseImageName(text), places: [] }], foreign: [], malformed: [] }
}

async function objectFiles(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory)).filter((name) => MANIFEST_FILE.test(name)).sort()
  return names.map((name) => join(directory, name))
}

async function areManifests(files: readonly string[]): Promise<boolean> {
  for (const file of files) {
    if (!MANIFEST_FILE.test(file) || !(await stat(file)).isFile()) continue
    const text = await readTextFile(file)
    if (KUBERNETES_OBJECT.test(text) && API_VERSION.test(text)) return true
  }
  return false
}

function explain(cause: unknown): never {
  if (cause instanceof RegistryError) {
    const expected = cause.detail?.['expected']
    throw new UsageError(
      expected === undefined
        ? cause.message
        : `${cause.message}: no such file, and not ${String(expected)}, either`,
      { cause },
    )
  }
  const explained = explainSystemError(cause)
  throw explained === undefined ? cause : new UsageError(explained, { cause })
}

function describeEmpty(argument: string, { foreign }: ImageReferences): string {
  const others = foreign.length === 0 ? '' : ` (of others’ images it names ${foreign.length})`
  return `${argument === '-' ? 'standard input' : argument}: names no image of this registry${others}; --allow-empty allows that`
}
