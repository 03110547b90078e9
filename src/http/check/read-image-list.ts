/**
 * Reads the images that a body names: Kubernetes manifests, or `{"refs": ["…"]}`. The content type is not looked at. Only
 * the threads for bodies load this file, since the server needs no reader of YAML.
 */
import { RegistryError } from '../../core/errors/errors.ts'
import { jsonExcess } from '../../core/errors/nesting.ts'
import { describePlace } from '../../kubernetes/references/place.ts'
import { findReferences } from '../../kubernetes/references/image-references.ts'
import { MAX_IMAGES, SHOWN_LENGTH, checked, readReferenceList, type ImageList } from './image-list.ts'

/** The most values of anything else: 100 MB in memory. The schemas of 200 kinds of custom resources have 500,000. */
const MAX_VALUES = 1_000_000
const IS_JSON = /^\s*[[{]/

/**
 * @param hosts under which the client knows this registry, beside `nix.internal`.
 * @throws RegistryError `manifest-invalid` for what is broken, too much, or names no image at all.
 */
export function readImageList(text: string, hosts: readonly string[]): ImageList {
  return readReferenceList(text) ?? checked(fromManifests(text, hosts))
}

function fromManifests(text: string, hosts: readonly string[]): ImageList {
  if (IS_JSON.test(text) && jsonExcess(text, MAX_VALUES) === 'values') {
    throw new RegistryError('manifest-invalid', `JSON of more than ${MAX_VALUES} values: send it in parts`)
  }
  const { images, foreign, malformed } = findReferences(text, { source: 'request body', hosts })
  return {
    images: images.map(({ name, reference, selector }) => ({ name, reference, selector })),
    malformed: malformed.slice(0, MAX_IMAGES + 1).map(({ name, reason, place }) => ({
      name: name.slice(0, SHOWN_LENGTH),
      kind: 'name-invalid',
      message: reason.slice(0, 2 * SHOWN_LENGTH),
      detail: { place: describePlace(place).slice(0, 2 * SHOWN_LENGTH) },
    })),
    foreign: foreign.length,
  }
}
