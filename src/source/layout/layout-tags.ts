/**
 * Finds the manifest of a layout that a tag names. Tools write tags in two ways: `org.opencontainers.image.ref.name`
 * (OCI image-spec, annotations.md; a plain tag by skopeo, buildah and containerd, a whole name by some) and
 * `io.containerd.image.name` (a whole name, by containerd, BuildKit and Docker).
 */
import type { Descriptor } from '../../core/oci/oci-document.ts'
import { isTag } from '../../core/oci/route.ts'
import { DEFAULT_TAG } from '../../core/oci/image-name.ts'

const REF_NAME = 'org.opencontainers.image.ref.name'
const CONTAINERD_NAME = 'io.containerd.image.name'

type Choice =
  /** The list itself is what is wanted: an index over platforms. */
  { readonly kind: 'all' } | { readonly kind: 'one'; readonly descriptor: Descriptor }

/** Each once, in the order of the list. */
export function tagsIn(manifests: readonly Descriptor[]): readonly string[] {
  return [...new Set(manifests.flatMap(tagsOf))]
}

/**
 * @param tag none: the one that has the tag `latest`, else the first that has one.
 * @returns nothing when the tag names none. Of several with one tag, as two repositories may have, the first.
 */
export function chooseDescriptors(
  manifests: readonly Descriptor[],
  tag: string | undefined,
): Choice | undefined {
  const tags = tagsIn(manifests)
  const wanted = tag ?? (tags.includes(DEFAULT_TAG) ? DEFAULT_TAG : tags[0])
  const named = wanted === undefined ? manifests : manifests.filter((one) => tagsOf(one).includes(wanted))
  // Tags that all manifests have say nothing about which: then it is the list that they name.
  if (named.length === manifests.length && isMultiPlatform(manifests)) return { kind: 'all' }
  const [descriptor] = named
  return descriptor === undefined ? undefined : { kind: 'one', descriptor }
}

function tagsOf({ annotations = {} }: Descriptor): readonly string[] {
  const names = [annotations[REF_NAME], annotations[CONTAINERD_NAME]]
  return [...new Set(names.flatMap((name) => (name === undefined ? [] : tagIn(name))))]
}

/**
 * `1.2` and `docker.io/library/app:1.2` alike; nothing for a name by digest or without a tag, but `latest` for a whole
 * one.
 */
function tagIn(name: string): readonly string[] {
  if (isTag(name)) return [name]
  const last = name.slice(name.lastIndexOf('/') + 1)
  if (last.includes('@')) return []
  const colon = last.lastIndexOf(':')
  const tag = colon === -1 ? DEFAULT_TAG : last.slice(colon + 1)
  return isTag(tag) ? [tag] : []
}

/** Several, each for a platform of its own; what says none, or `unknown` as attestations do, is beside the question. */
function isMultiPlatform(manifests: readonly Descriptor[]): boolean {
  const platforms = manifests.flatMap(({ platform }) =>
    platform?.architecture === undefined || platform.architecture === 'unknown'
      ? []
      : [`${platform.os}/${platform.architecture}/${platform.variant ?? ''}`],
  )
  return manifests.length > 1 && platforms.length > 0 && new Set(platforms).size === platforms.length
}
