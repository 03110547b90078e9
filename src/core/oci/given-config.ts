/**
 * An image config that was made elsewhere: read for what we need of it, served as it is. Source: OCI image-spec,
 * config.md.
 */
import * as Type from 'typebox'
import { validatorOf } from '../validator.ts'
import { parseDigest, type Digest } from './digest.ts'
import { RegistryError } from '../errors/errors.ts'
import { parseGivenJson } from './given-json.ts'
import type { Platform } from './image.ts'

const validator = validatorOf(
  Type.Object({
    architecture: Type.String({ minLength: 1 }),
    variant: Type.Optional(Type.String()),
    os: Type.String({ minLength: 1 }),
    rootfs: Type.Object({ diff_ids: Type.Array(Type.String()) }),
  }),
)

/** @param name whose config it is, for the error. @throws RegistryError `unservable` for what is no image config. */
export function readConfig(
  name: string,
  bytes: Uint8Array,
): { readonly platform: Platform; readonly diffIds: readonly Digest[] } {
  let value: unknown
  try {
    value = parseGivenJson(`${name}: its image config`, bytes)
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    throw new RegistryError('unservable', `${name}: its image config is no JSON`, { cause })
  }
  if (!validator.Check(value)) {
    const [error] = validator.Errors(value)
    throw new RegistryError(
      'unservable',
      `${name}: not an image config: ${error?.instancePath ?? ''} ${error?.message ?? ''}`,
    )
  }
  const { architecture, variant, os, rootfs } = value
  return {
    platform: { architecture, ...(variant === undefined ? {} : { variant }), os },
    diffIds: rootfs.diff_ids.map((text) => parseDiffId(name, text)),
  }
}

function parseDiffId(name: string, text: string): Digest {
  try {
    return parseDigest(text)
  } catch (cause) {
    throw new RegistryError('unservable', `${name}: not a diff_id: ${text.slice(0, 100)}`, { cause })
  }
}
