/** Reads which images a fleet has: from manifests, from what `kubectl get pods -o json` prints, and from lists. */
import { findReferences, type ImageReferences } from '../../kubernetes/references/image-references.ts'
import { readObjectFiles, type ManifestFile } from '../manifests/object-files.ts'
import { UsageError } from '../usage-error.ts'

const KUBERNETES_OBJECT = /^\s*(?:- )?"?kind"?\s*:|"kind"\s*:/m
const API_VERSION = /"?apiVersion"?\s*:/
/** A line of a list: an image or a file, and perhaps a comment. */
const COMMENT = /(?:^|\s)#.*$/

/**
 * Images of this registry, each once, in the order in which they are named. Names of images that others serve are left
 * out, with a line on standard error that counts them.
 * @param what files, directories, or `-`.
 * @throws UsageError for what can't be read, or names no image; RegistryError `manifest-invalid` for broken manifests.
 */
export async function readFleet(
  what: readonly string[],
  hosts: readonly string[],
): Promise<readonly string[]> {
  const files = (await Promise.all(what.map(async (name) => readObjectFiles(name)))).flat()
  const lists = files.map((file) => imagesOf(file, hosts))
  const names = [...new Set(lists.flatMap(({ names }) => names))]
  const others = new Set(lists.flatMap(({ foreign }) => foreign))
  if (others.size > 0) process.stderr.write(`${others.size} images of other registries are left out\n`)
  if (names.length === 0)
    throw new UsageError(
      `${what.join(', ')}: names no image of this registry; --host says what else it is called`,
    )
  return names
}

function imagesOf(
  { source, text }: ManifestFile,
  hosts: readonly string[],
): {
  readonly names: readonly string[]
  readonly foreign: readonly string[]
} {
  if (KUBERNETES_OBJECT.test(text) && API_VERSION.test(text)) {
    const { images, foreign }: ImageReferences = findReferences(text, { source, hosts })
    return { names: images.map(({ name }) => name), foreign }
  }
  const lines = text.split('\n').map((line) => line.replace(COMMENT, '').trim())
  return { names: lines.filter((line) => line !== ''), foreign: [] }
}
