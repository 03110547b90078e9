/**
 * The form of an image that a node asks for. containerd sends the headers of its hosts.toml with each request, so a
 * node whose snapshotter mounts EROFS says so there, and Pods and references stay the same.
 */
import type { ImageForm } from '../../registry/artifact/image-form.ts'

/** In lower case, as Node gives the names of headers. */
export const LAYERS_HEADER = 'x-pushless-layers'

/**
 * Returns the form that the header names. Nothing where it names none that is known.
 * @param header its value; several are separated by commas.
 */
export function wantedForm(header: string | readonly string[] | undefined): ImageForm | undefined {
  const values = String(header ?? '')
    .toLowerCase()
    .split(',')
  return values.some((value) => value.trim() === 'erofs') ? 'erofs' : undefined
}
