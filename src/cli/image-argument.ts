/** Reads an image from a command line: an image name, a store path, a hash, or `./result`. */
import { realpath } from 'node:fs/promises'
import { RegistryError } from '../core/errors/errors.ts'
import { parseImageName } from '../core/oci/image-name.ts'
import type { Reference } from '../core/oci/reference.ts'
import { storePathAround } from '../core/nix/store-path.ts'

export type ImageArgument = {
  readonly reference: Reference
  readonly tag: string
  /** Whether the tag was said, or is the one that names without tag mean. */
  readonly isTagged: boolean
  /** Under which the registry is known there. */
  readonly host: string
}

/** @throws RegistryError `name-invalid` for any other text. */
export async function parseImageArgument(text: string): Promise<ImageArgument> {
  const target = await realpath(text).catch(() => undefined)
  const path = target === undefined ? undefined : storePathAround(target)
  const { name, reference, selector } = parseImageName(path ?? text)
  if (selector.kind === 'tag') {
    const isTagged = path === undefined && /:[^/]+$/.test(text)
    return { reference, tag: selector.tag, isTagged, host: name.slice(0, name.indexOf('/')) }
  }
  throw new RegistryError('name-invalid', `not an image: ${text}`, { detail: { expected: 'no digest' } })
}
