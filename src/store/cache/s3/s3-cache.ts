/** A binary cache in a bucket of S3, or of a service that speaks its protocol, such as MinIO. */
import { AwsV4Signer } from 'aws4fetch'
import { CacheTrouble, type CacheFiles } from '../binary-cache/cache-files.ts'
import type { CacheAddress } from '../binary-cache/cache-url.ts'
import { httpCache, type Refusal } from '../binary-cache/http-cache.ts'
import type { CredentialProvider } from './credential-provider.ts'

/** The second one where the caller may not list the bucket. Other codes are about the bucket or the credentials. */
const ABSENT: Readonly<Record<number, string>> = { 404: 'NoSuchKey', 403: 'AccessDenied' }

/** @param provider without credentials requests are not signed, as for a bucket that everybody may read. */
export function s3Cache(
  { url, region }: Pick<Extract<CacheAddress, { kind: 's3' }>, 'url' | 'region'>,
  provider: CredentialProvider,
  authorities: readonly string[],
): CacheFiles {
  return httpCache({
    url,
    authorities,
    refusal,
    headers: async (target) => {
      const credentials = await provider().catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new CacheTrouble(`no credentials: ${why}`, { cause, isPassing: true })
      })
      if (credentials === undefined) return {}
      const { accessKeyId, secretAccessKey, sessionToken } = credentials
      const signer = new AwsV4Signer({
        url: target.href,
        method: 'GET',
        service: 's3',
        region,
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
      })
      const { headers } = await signer.sign()
      // The host is sent by the client itself.
      headers.delete('host')
      return Object.fromEntries(headers)
    },
  })
}

/** Source: Amazon S3 API Reference, "Error responses". */
function refusal(status: number, body: string): Refusal {
  const code = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(body)?.[1]
  const absent = ABSENT[status]
  if (absent !== undefined && (code ?? absent) === absent) return { kind: 'absent' }
  return { kind: 'trouble', why: code }
}
