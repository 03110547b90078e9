/** Tells which zero-copy image a container is made from, by what its runtime says of it. */
import { parseStorePath, type StorePath } from '../core/nix/store-path.ts'
import type { NriContainer } from '../nri/plugin-messages.ts'
import { ZERO_COPY_LABEL } from '../registry/artifact/zero-copy-source.ts'
import type { ZeroCopyImage, ZeroCopyImages } from '../registry/state/zero-copy-images.ts'

export type ContainerImage =
  /** An ordinary image, or one of another registry. */
  | { readonly kind: 'other' }
  | { readonly kind: 'known'; readonly image: ZeroCopyImage }
  /** A zero-copy image that this registry didn't make, or has forgotten. */
  | { readonly kind: 'unknown'; readonly root: StorePath }

/** The image's name as the user gave it, which may have a digest, and CRI-O's reference, which is one. */
const NAME_ANNOTATIONS = ['io.kubernetes.cri.image-name', 'io.kubernetes.cri-o.ImageRef'] as const
const DIGEST = /(?:^|[:@])([0-9a-f]{64})$/

/**
 * A digest decides where the runtime sends one. Otherwise the image's label decides, which containerd copies to the
 * container.
 */
export function containerImage(
  { imageDigests, labels, annotations }: NriContainer,
  images: Pick<ZeroCopyImages, 'find'>,
): ContainerImage {
  const names = NAME_ANNOTATIONS.flatMap((annotation) => annotations.get(annotation) ?? [])
  const digests = [...imageDigests, ...names].flatMap((name) => DIGEST.exec(name)?.[1] ?? [])
  for (const digest of digests) {
    const image = images.find(`sha256:${digest}`)
    if (image !== undefined) return { kind: 'known', image }
  }
  const root = parseStorePath(labels.get(ZERO_COPY_LABEL) ?? '')
  if (root === undefined) return { kind: 'other' }
  // With a digest that isn't known, it is another image than the one that was made of this path here.
  const image = digests.length === 0 ? images.find(root) : undefined
  return image === undefined ? { kind: 'unknown', root } : { kind: 'known', image }
}
