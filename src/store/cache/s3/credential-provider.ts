/**
 * Gives the credentials for requests to S3, and renews them before they end. The sources are those of Amazon's own
 * tools, in the same order. Own code instead of @aws-sdk/credential-provider-node: that one brings 23 packages of
 * 16 MB, and reads the environment by itself.
 */
import type { AwsEnvironment } from './aws-environment.ts'
import { profileCredentials } from './profile-credentials.ts'
import type { S3Credentials } from './s3-credentials.ts'
import { containerCredentials, machineCredentials, webIdentityCredentials } from './temporary-credentials.ts'

/** Temporary credentials are renewed so long before they end; each has 15 minutes at least. */
const RENEW_BEFORE_MS = 5 * 60_000
/** After this time the sources are asked again, if they had no credentials or a renewal failed. */
const ASK_AGAIN_MS = 60_000

/** @returns nothing for requests that are not signed. @throws Error where a named source has no credentials. */
export type CredentialProvider = () => Promise<S3Credentials | undefined>

/** @param profile named in the address of a cache: no other source is asked then. */
export function credentialProvider(
  environment: AwsEnvironment,
  profile: string | undefined,
  now: () => number = Date.now,
): CredentialProvider {
  let known: S3Credentials | undefined
  let askAtMs = 0
  let running: Promise<void> | undefined
  const renew = async (): Promise<void> => {
    try {
      known = await findCredentials(environment, profile)
      const nextMs = known === undefined ? 0 : (known.expiresMs ?? Infinity) - RENEW_BEFORE_MS
      // Not sooner, also where a source gives credentials that are about to end.
      askAtMs = Math.max(nextMs, now() + ASK_AGAIN_MS)
    } catch (error) {
      // They are renewed early, so the old ones are good for a while.
      if (known?.expiresMs === undefined || known.expiresMs <= now()) throw error
      askAtMs = now() + Math.min(ASK_AGAIN_MS, (known.expiresMs - now()) / 2)
    } finally {
      running = undefined
    }
  }
  return async () => {
    if (now() >= askAtMs) await (running ??= renew())
    return known
  }
}

async function findCredentials(
  { credentials, profiles, webIdentity, container, metadataUrl }: AwsEnvironment,
  profile: string | undefined,
): Promise<S3Credentials | undefined> {
  if (profile !== undefined) {
    const named = await profileCredentials(profiles.files, profile)
    if (named === undefined) throw new Error(`${profiles.files.join(' and ')} have no keys for ${profile}`)
    return named
  }
  if (credentials !== undefined) return credentials
  const found = await profileCredentials(profiles.files, profiles.name)
  if (found !== undefined) return found
  if (webIdentity !== undefined) return webIdentityCredentials(webIdentity)
  if (container !== undefined) return containerCredentials(container)
  // Outside of AWS nobody answers, and the bucket may be public.
  if (metadataUrl !== undefined) return machineCredentials(metadataUrl).catch(() => undefined)
  return undefined
}
