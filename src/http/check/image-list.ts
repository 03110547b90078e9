/**
 * The images that a body names, as `{"refs": ["…"]}`. The list stays small even if the body is large, since one thread
 * hands it to another.
 */
import { RegistryError, type ErrorDetail, type ErrorKind } from '../../core/errors/errors.ts'
import { parseImageName, type ImageName } from '../../core/oci/image-name.ts'
import { jsonExcess } from '../../core/errors/nesting.ts'

/** Each is a question to Nix; a cluster of thousands of images has them in many manifests. */
export const MAX_IMAGES = 1_000
/** The most values of a list of references. Each reference is one, beside the list and what is around it. */
const MAX_LIST_VALUES = MAX_IMAGES + 10
/** The most characters of a name in an answer. */
export const SHOWN_LENGTH = 300
const BEGINS_WITH_REFS = /^\s*\{\s*"refs"\s*:/

export type ImageList = {
  /** Each once. */
  readonly images: readonly ImageName[]
  /** Names that can't be pulled. */
  readonly malformed: readonly MalformedName[]
  /** How many images of other registries there are. */
  readonly foreign: number
}

/** The parts of a RegistryError that one thread can hand to another. */
type MalformedName = {
  readonly name: string
  readonly kind: ErrorKind
  readonly message: string
  readonly detail: ErrorDetail | undefined
}

/**
 * `{"refs": ["…"]}` alone; takes no more than milliseconds.
 * @returns nothing for a text that is something else.
 * @throws RegistryError `manifest-invalid` for too many references, or none.
 */
export function readReferenceList(text: string): ImageList | undefined {
  const refs = refsIn(text)
  if (refs === undefined) return undefined
  const images = new Map<string, ImageName>()
  const malformed: MalformedName[] = []
  for (const ref of refs) {
    try {
      const image = parseImageName(ref)
      images.set(image.name, image)
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      const { kind, message, detail } = error
      malformed.push({ name: ref.slice(0, SHOWN_LENGTH), kind, message, detail })
    }
  }
  return checked({ images: [...images.values()], malformed, foreign: 0 })
}

/** Counted before anything is made of it. @returns nothing for a text that isn't a list of references. */
function refsIn(text: string): readonly string[] | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  if (jsonExcess(text, MAX_LIST_VALUES) !== undefined) {
    if (BEGINS_WITH_REFS.test(text)) throw tooMany(`more than ${MAX_IMAGES}`)
    return undefined
  }
  let value
  try {
    value = JSON.parse(text) as { refs?: unknown; kind?: unknown }
  } catch {
    return undefined
  }
  // A Kubernetes object has a kind.
  const { refs, kind } = value
  if (!Array.isArray(refs) || kind !== undefined) return undefined
  if (refs.every((ref) => typeof ref === 'string')) return refs
  throw new RegistryError('manifest-invalid', 'refs: must be a list of image names')
}

/** @throws RegistryError `manifest-invalid` for too many images, or none. */
export function checked(list: ImageList): ImageList {
  const count = list.images.length + list.malformed.length
  if (count > MAX_IMAGES) throw tooMany(String(count))
  if (count === 0 && list.foreign === 0)
    throw new RegistryError('manifest-invalid', 'no image is named here: send manifests, or {"refs": […]}')
  return list
}

function tooMany(count: string): RegistryError {
  return new RegistryError('manifest-invalid', `${count} images at once: at most ${MAX_IMAGES} may be`)
}
