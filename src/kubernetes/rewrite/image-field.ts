import type { ImageMention } from './image-mentions.ts'
import type { Edit } from './rewrite-edit.ts'

/** A place of an object that names an image. */
export type ImageField = {
  /** `spec.containers[0].image` */
  readonly path: string
  /** The whole name, as clients would pull it. */
  readonly name: string
  /** `image`: what stands in a field for an image. The others are as of `ImageMention`. */
  readonly kind: 'image' | ImageMention['kind']
  /** Undefined where our reference can't be written there. */
  readonly edit: (reference: string) => readonly Edit[] | undefined
}
