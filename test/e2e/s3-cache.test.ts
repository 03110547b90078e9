/** A binary cache in a bucket of a real server of S3, which refuses what is not signed by the right key. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readSmallFile } from '../../src/store/cache/binary-cache/read-file.ts'
import { parseCacheUrl } from '../../src/store/cache/binary-cache/cache-url.ts'
import { awsEnvironment } from '../../src/store/cache/s3/aws-environment.ts'
import { credentialProvider } from '../../src/store/cache/s3/credential-provider.ts'
import { s3Cache } from '../../src/store/cache/s3/s3-cache.ts'
import { POD_TOKEN, startAwsServices } from '../support/aws-services.ts'
import { missingTool } from '../support/go-tools.ts'
import { busybox } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { S3_KEY, S3_REGION, startS3Server } from '../support/s3-server.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { signedCache } from '../support/signed-cache.ts'

const skip = missing('nix') || (await missingTool('versitygw'))
const NO_NIX = { PUSHLESS_NIX: 'unix:/nonexistent', PATH: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' }

void t.test('a binary cache in S3', { skip }, async (t) => {
  const buckets = await temporaryDirectory(t, 'buckets')
  const image = await busybox()
  const { key } = await signedCache(join(buckets, 'images'), [image], 'compression=zstd')
  const endpoint = await startS3Server(t, buckets)
  const address = `s3://images?endpoint=${endpoint}&region=${S3_REGION}&scheme=http`

  await t.test('images are pulled by the right key alone', async (t) => {
    const cases = [
      ['the right key', S3_KEY.id, S3_KEY.secret, `&region=${S3_REGION}`, 200, undefined],
      [
        'a wrong secret',
        S3_KEY.id,
        'another secret',
        `&region=${S3_REGION}`,
        503,
        '403 SignatureDoesNotMatch',
      ],
      ['an unknown key', 'nobody', S3_KEY.secret, `&region=${S3_REGION}`, 503, '404 XAdminUserNotFound'],
      ['another region', S3_KEY.id, S3_KEY.secret, '&region=us-east-1', 503, '40'],
      ['another bucket', S3_KEY.id, S3_KEY.secret, `&region=${S3_REGION}`, 503, '404 NoSuchBucket'],
      ['no key', '', '', `&region=${S3_REGION}`, 503, 'no nix-cache-info'],
    ] as const
    for (const [name, id, secret, more, status, why] of cases) {
      const bucket = name === 'another bucket' ? 'others' : 'images'
      const caches = `s3://${bucket}?endpoint=${endpoint}&scheme=http${more}`
      const pushless = await startPushless(t, {
        args: ['--store', 'cache', '--caches', caches, '--trusted-keys', key, '--serve-packages'],
        env: { ...NO_NIX, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret },
      })
      const response = await fetch(`${pushless.url}/v2${image}/manifests/nix`)
      t.equal(response.status, status, name)
      await response.arrayBuffer()
      await pushless.stop()
      if (why !== undefined) t.match(JSON.stringify(pushless.logs), why, `${name}: the log says why`)
    }
  })

  await t.test('every source of credentials signs for a real server', async (t) => {
    const directory = await temporaryDirectory(t, 'aws')
    const expiresMs = Date.now() + 3_600_000
    const services = await startAwsServices(t, { ...S3_KEY, expiresMs })
    await writeFile(
      join(directory, 'credentials'),
      `[cache]\naws_access_key_id = ${S3_KEY.id}\naws_secret_access_key = ${S3_KEY.secret}\n`,
    )
    await writeFile(join(directory, 'token'), POD_TOKEN)
    const none = { HOME: directory, AWS_EC2_METADATA_DISABLED: 'true' }
    const cases: readonly (readonly [string, Record<string, string>, string])[] = [
      ['profile', { ...none, AWS_SHARED_CREDENTIALS_FILE: join(directory, 'credentials') }, '&profile=cache'],
      [
        'container',
        {
          ...none,
          AWS_CONTAINER_CREDENTIALS_FULL_URI: `${services.url}/v1/credentials`,
          AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(directory, 'token'),
        },
        '',
      ],
      ['machine', { HOME: directory, AWS_EC2_METADATA_SERVICE_ENDPOINT: services.url }, ''],
    ]
    for (const [name, environment, more] of cases) {
      const parsed = parseCacheUrl(address + more)
      if (parsed?.kind !== 's3') throw new Error('no bucket')
      const cache = s3Cache(parsed, credentialProvider(awsEnvironment(environment), parsed.profile), [])
      t.teardown(() => cache.close())
      const { signal } = new AbortController()
      t.match(await readSmallFile(cache, 'nix-cache-info', 1000, signal), /StoreDir/, name)
    }
  })
})
