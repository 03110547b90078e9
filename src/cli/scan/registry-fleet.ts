/** Reads which images a registry knows: those that it made, and those that were pulled a while ago. */
import { RegistryError } from '../../core/errors/errors.ts'
import { isList, isObject, parseJson, type Json } from '../../core/json.ts'
import { parseStorePath } from '../../core/nix/store-path.ts'

const TIMEOUT_MS = 30_000

/**
 * @param token of the registry; without one, the list is for clients on its own machine.
 * @returns the store paths of the images.
 * @throws RegistryError `unavailable` for a registry that can't be reached or answers otherwise, `unauthorized`.
 */
export async function registryFleet(registry: string, token: string | undefined): Promise<readonly string[]> {
  const url = new URL('images.json', registry.endsWith('/') ? registry : `${registry}/`)
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (cause: unknown) => {
      throw new RegistryError('unavailable', `cannot reach ${url.origin}`, { cause })
    },
  )
  if (response.status === 401)
    throw new RegistryError('unauthorized', `${url.origin} asks for its token: --token-file`)
  if (!response.ok)
    throw new RegistryError('unavailable', `${url.href} answered ${response.status}: are its pages off?`)
  const value = await response
    .text()
    .then(parseJson)
    .catch((): Json => null)
  const images = isObject(value) ? value['images'] : undefined
  if (images === undefined || !isList(images))
    throw new RegistryError('unavailable', `${url.href} answered with something else than a list of images`)
  return images.flatMap((image) => {
    const path = isObject(image) ? image['path'] : undefined
    return typeof path === 'string' ? (parseStorePath(path) ?? []) : []
  })
}
