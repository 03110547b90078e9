/** What people paste where a reference is wanted: an image name, a store path, a hash, or `./result`. */
import { realpath } from 'node:fs/promises'
import { RegistryError } from '../core/errors.ts'
import { parseReference, type Reference } from '../core/reference.ts'
import { STORE_DIR, storePathAround } from '../core/store-path.ts'

export type ImageArgument = { readonly reference: Reference; readonly tag: string }

const NAME = /^(?:.*?\/)?(?:nix\/store\/)?([0-9a-z]{32}(?:-[^:@/]*)?)(?::([^/@:]+))?$/

/** @throws RegistryError `name-invalid` for what is none of these. */
export async function parseImageArgument(text: string): Promise<ImageArgument> {
  const target = await realpath(text).catch(() => undefined)
  const path = target === undefined ? undefined : storePathAround(target)
  const match = NAME.exec(path ?? text)
  const [, base, tag = 'latest'] = match ?? []
  if (base === undefined) {
    throw new RegistryError('name-invalid', `not an image: ${text}`, {
      detail: {
        expected: `nix.internal${STORE_DIR}/<hash>-<name>, ${STORE_DIR}/<hash>-<name>, <hash>, or a link to a store path`,
      },
    })
  }
  return { reference: parseReference(`${STORE_DIR.slice(1)}/${base}`), tag }
}
