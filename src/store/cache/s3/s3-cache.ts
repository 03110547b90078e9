/** A binary cache in a bucket of S3, or of a service that speaks its protocol, such as MinIO. */
import { AwsV4Signer } from 'aws4fetch'
import type { CacheFiles } from '../binary-cache/cache-files.ts'
import type { CacheAddress } from '../binary-cache/cache-url.ts'
import { httpCache } from '../binary-cache/http-cache.ts'
import type { S3Credentials } from './s3-credentials.ts'

/** S3 answers 403 for an object that is not there where the caller may not list the bucket. */
const ABSENT = [403, 404]

/** @param credentials without them requests are not signed, as for a bucket that everybody may read. */
export function s3Cache(
  { url, region }: Extract<CacheAddress, { kind: 's3' }>,
  credentials: S3Credentials | undefined,
  authorities: readonly string[],
): CacheFiles {
  return httpCache({
    url,
    authorities,
    absent: ABSENT,
    headers: async (target) => {
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
