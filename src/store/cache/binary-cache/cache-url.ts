/**
 * The address of a binary cache, as Nix writes it, with Nix's own parameters.
 * Source: Nix manual, "HTTP Binary Cache Store", "Local Binary Cache Store", "S3 Binary Cache Store".
 */
import { fileURLToPath } from 'node:url'

export type CacheOptions = {
  /** The address without its parameters, for people. */
  readonly name: string
  /** Decides instead of the priority that the cache itself gives. Lower numbers are asked for first. */
  readonly priority: number | undefined
  /** Whether its paths need no signature. */
  readonly isTrusted: boolean
}

export type CacheAddress = CacheOptions &
  (
    | { readonly kind: 'file'; readonly directory: string }
    | { readonly kind: 'http'; readonly url: URL }
    | {
        readonly kind: 's3'
        /** The address of the bucket, with a slash at its end. */
        readonly url: URL
        readonly region: string
        /** The name of a profile. Without one, all sources of credentials are asked. */
        readonly profile: string | undefined
      }
  )

const DEFAULT_REGION = 'us-east-1'

/** @returns nothing for what is not the address of a cache. */
export function parseCacheUrl(text: string): CacheAddress | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) return undefined
  const parameters = url.searchParams
  const priority = parameters.get('priority')
  if (priority !== null && !/^[0-9]{1,9}$/.test(priority)) return undefined
  const bare = new URL(url)
  bare.search = ''
  bare.hash = ''
  const options = {
    name: nameOf(bare),
    priority: priority === null ? undefined : Number(priority),
    isTrusted: parameters.get('trusted') === 'true' || parameters.get('trusted') === '1',
  }
  switch (url.protocol) {
    case 'file:':
      return bare.host === '' ? { ...options, kind: 'file', directory: fileURLToPath(bare) } : undefined
    case 'http:':
    case 'https:':
      return { ...options, kind: 'http', url: asDirectory(bare) }
    case 's3:': {
      const region = parameters.get('region') ?? DEFAULT_REGION
      const bucket = bucketUrl(bare.host, region, parameters.get('endpoint') ?? '', parameters.get('scheme'))
      const profile = parameters.get('profile') ?? undefined
      return bucket === undefined ? undefined : { ...options, kind: 's3', url: bucket, region, profile }
    }
    default:
      return undefined
  }
}

/** A bucket of AWS has a host of its own; one of another service is a path below its endpoint. */
function bucketUrl(bucket: string, region: string, endpoint: string, scheme: string | null): URL | undefined {
  if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket) || !/^[a-z0-9-]+$/.test(region)) return undefined
  const protocol = scheme ?? 'https'
  if (protocol !== 'https' && protocol !== 'http') return undefined
  const text =
    endpoint === ''
      ? `${protocol}://${bucket}.s3.${region}.amazonaws.com/`
      : `${endpoint.includes('://') ? endpoint : `${protocol}://${endpoint}`}/${bucket}/`
  return URL.canParse(text) ? new URL(text) : undefined
}

function asDirectory(url: URL): URL {
  const directory = new URL(url)
  if (!directory.pathname.endsWith('/')) directory.pathname += '/'
  return directory
}

/** Without a password, which would be logged. */
function nameOf(url: URL): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href.replace(/\/$/, '')
}
