/**
 * The forms of an image: the same contents in other layers, so each form has a manifest of its own. A name and a tag
 * have one image in each form, and a digest is looked for in all of them.
 */

import { RegistryError, type ErrorKind } from '../../core/errors/errors.ts'
import { DEFAULT_TAG } from '../../core/oci/image-name.ts'
import { MAX_IMAGE_LAYERS } from '../../core/oci/layer-limit.ts'
import type { LayerFormat } from '../../layer/layer-format.ts'
import type { Source } from '../../source/source.ts'

/**
 * Zero-copy forms have no store paths in their layers: see zero-copy-source.ts. `erofs file` has all files of an image in
 * one EROFS layer. It is exported, and not served.
 */
export type ImageForm = 'tar' | 'erofs' | 'erofs file' | ZeroCopyForm

/** The layers that are left are tar in `zero-copy`, and EROFS in `zero-copy erofs`. */
export type ZeroCopyForm = 'zero-copy' | 'zero-copy erofs'

/** The form that every image has, and that is served unless another one is requested. */
export const DEFAULT_FORM: ImageForm = 'tar'

/** The forms that every registry serves, the default one first. */
const SERVED_FORMS: readonly ImageForm[] = [DEFAULT_FORM, 'erofs']

/** Each zero-copy form, and the form of an image that must have its store paths in its layers. */
const ORDINARY_FORM = {
  'zero-copy': DEFAULT_FORM,
  'zero-copy erofs': 'erofs',
} as const satisfies Record<ZeroCopyForm, ImageForm>

/** The forms that a registry with --zero-copy serves besides. */
export const ZERO_COPY_FORMS: readonly ZeroCopyForm[] = ['zero-copy', 'zero-copy erofs']

/** The tag of the default image with EROFS layers. An image's own tag or output of this name can't be pulled. */
export const EROFS_TAG = 'erofs'

export type WantedImage = {
  /** The tag that the image is made by. */
  readonly tag: string
  readonly form: ImageForm
  /** Whether another form is no answer. */
  readonly isDemanded: boolean
}

/** @param form that the client prefers. */
export function wantedBy(tag: string, form: ImageForm = DEFAULT_FORM): WantedImage {
  return tag === EROFS_TAG
    ? { tag: DEFAULT_TAG, form: 'erofs', isDemanded: true }
    : { tag, form, isDemanded: false }
}

/**
 * Layers that an image is planned into at most. Each EROFS layer is a mount on the node: pull and start of one image
 * took 0.55 to 0.66 s with 8 layers, and 1.18 to 1.34 s with 50 (measured, containerd 2.3.4). Tar layers are unpacked
 * into directories, and their number hardly matters.
 */
export const LAYERS_IN_FORM = {
  tar: MAX_IMAGE_LAYERS,
  erofs: 8,
  // They are joined.
  'erofs file': 1,
  'zero-copy': MAX_IMAGE_LAYERS,
  'zero-copy erofs': 8,
} as const satisfies Record<ImageForm, number>

/** Errors of an image in one form, which it may not have in another: EROFS holds names that a tar doesn't. */
const UNHAD_FORM: ReadonlySet<ErrorKind> = new Set(['denied', 'unservable'])

/**
 * Looks for something in each form.
 * @param first the forms that are looked into before those that every registry serves.
 * @throws RegistryError of any kind: of those for an image that can't be had, the default form's.
 */
export async function firstInForms<T>(
  first: readonly ImageForm[],
  find: (form: ImageForm) => Promise<T | undefined>,
): Promise<T | undefined> {
  let refusal: RegistryError | undefined
  for (const form of new Set([...first, ...SERVED_FORMS])) {
    try {
      const found = await find(form)
      if (found !== undefined) return found
    } catch (error) {
      if (!(error instanceof RegistryError && UNHAD_FORM.has(error.kind))) throw error
      if (form === DEFAULT_FORM) refusal = error
    }
  }
  if (refusal !== undefined) throw refusal
  return undefined
}

/** The format of the layers of each form. */
export const FORMAT_OF = {
  tar: 'tar',
  erofs: 'erofs',
  'erofs file': 'erofs',
  'zero-copy': 'tar',
  'zero-copy erofs': 'erofs',
} as const satisfies Record<ImageForm, LayerFormat>

export function isZeroCopy(form: ImageForm): form is ZeroCopyForm {
  return Object.hasOwn(ORDINARY_FORM, form)
}

/** The form of an image whose store paths can't be left out: the same format, with all layers. */
export function ordinaryForm(form: ImageForm): Exclude<ImageForm, ZeroCopyForm> {
  return isZeroCopy(form) ? ORDINARY_FORM[form] : form
}

/** The form that has no store paths, in layers of the format that the client prefers. */
export function zeroCopyForm(preferred: ImageForm): ZeroCopyForm {
  return FORMAT_OF[preferred] === 'erofs' ? 'zero-copy erofs' : 'zero-copy'
}

/**
 * The form that an image is made in: with layers in tar where EROFS can't be had, since layers that were made elsewhere
 * stay as they are. Whether an image can be zero-copy is decided by zero-copy-source.ts.
 */
export function formFor(
  { layers, config }: Pick<Source, 'layers' | 'config'>,
  requested: ImageForm,
): ImageForm {
  const isPlanned =
    config.kind === 'made' && layers.every(({ kind }) => kind !== 'stored' && kind !== 'paths')
  if (isPlanned) return requested
  return isZeroCopy(requested) ? 'zero-copy' : DEFAULT_FORM
}

/** Returns a name that something is remembered by, different for each form. The default form adds nothing. */
export function nameInForm(name: string, form: ImageForm): string {
  return form === DEFAULT_FORM ? name : `${name} ${form}`
}
