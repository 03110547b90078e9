/** Opens the cache store: a directory for its paths, and the caches with their credentials. */
import { readFileSync } from 'node:fs'
import type { DeletionListener } from '../../core/deletion.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { explainSystemError } from '../../core/errors/system-error.ts'
import type { SigningKey } from '../../core/nix/signature.ts'
import { BinaryCache } from './binary-cache/binary-cache.ts'
import type { CacheFiles } from './binary-cache/cache-files.ts'
import type { Builder } from './builder/builder.ts'
import { builderCache } from './builder/builder-cache.ts'
import { CacheStore } from './cache-store.ts'
import type { CacheAddress } from './binary-cache/cache-url.ts'
import { fileCache } from './binary-cache/file-cache.ts'
import { httpCache, type Refusal } from './binary-cache/http-cache.ts'
import { LookUp } from './binary-cache/look-up.ts'
import { authorization, parseNetrc, type Credentials } from './binary-cache/netrc.ts'
import { s3Cache } from './s3/s3-cache.ts'
import type { AwsEnvironment } from './s3/aws-environment.ts'
import { credentialProvider } from './s3/credential-provider.ts'
import { StoredPaths } from './disk/stored-paths.ts'

export type CacheStoreSettings = {
  readonly directory: string
  readonly caches: readonly CacheAddress[]
  readonly trustedKeys: readonly SigningKey[]
  readonly requiresSignature: boolean
  readonly maxBytes: number
  /** A file of credentials as netrc(5) has it. */
  readonly netrcFile: string | undefined
  /** A file of certificates of authorities, as PEM. */
  readonly authoritiesFile: string | undefined
  readonly aws: AwsEnvironment
  /** Hears of paths that leave. Default: nobody does. */
  readonly onDeletion?: DeletionListener
}

const NOT_FOUND = 404

/**
 * @param builder a Nix that builds what no cache has.
 * @throws RegistryError `unavailable` for a directory or file that cannot be used.
 */
export function openCacheStore(settings: CacheStoreSettings, builder?: Builder): CacheStore {
  const { netrcFile, authoritiesFile, aws } = settings
  const credentials = netrcFile === undefined ? new Map() : parseNetrc(readText(netrcFile))
  const authorities = authoritiesFile === undefined ? [] : [readText(authoritiesFile)]
  const caches = settings.caches.map(
    (address) => new BinaryCache(address, filesOf(address, { credentials, authorities, aws })),
  )
  return new CacheStore({
    lookUp: new LookUp(
      caches,
      { keys: settings.trustedKeys, requiresSignature: settings.requiresSignature },
      builder === undefined ? undefined : builderCache(builder),
    ),
    builder,
    paths: new StoredPaths(settings.directory, settings.onDeletion),
    maxBytes: settings.maxBytes,
  })
}

type Access = {
  readonly credentials: ReadonlyMap<string, Credentials>
  readonly authorities: readonly string[]
  readonly aws: AwsEnvironment
}

function filesOf(address: CacheAddress, { credentials, authorities, aws }: Access): CacheFiles {
  switch (address.kind) {
    case 'file':
      return fileCache(address.directory)
    case 's3':
      return s3Cache(address, credentialProvider(aws, address.profile), authorities)
    case 'http': {
      const own = inUrl(address.url) ?? credentials.get(address.url.hostname) ?? credentials.get('')
      const headers: Readonly<Record<string, string>> =
        own === undefined ? {} : { Authorization: authorization(own) }
      return httpCache({
        url: bare(address.url),
        authorities,
        refusal: webRefusal,
        headers: async () => headers,
      })
    }
  }
}

function webRefusal(status: number): Refusal {
  return status === NOT_FOUND ? { kind: 'absent' } : { kind: 'trouble', why: undefined }
}

function inUrl({ username, password }: URL): Credentials | undefined {
  if (username === '' && password === '') return undefined
  return { login: decodeURIComponent(username), password: decodeURIComponent(password) }
}

function bare(url: URL): URL {
  const without = new URL(url)
  without.username = ''
  without.password = ''
  return without
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RegistryError('unavailable', explainSystemError(cause) ?? `${file} cannot be read`, { cause })
  }
}
