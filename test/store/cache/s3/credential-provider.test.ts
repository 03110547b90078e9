import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { awsEnvironment } from '../../../../src/store/cache/s3/aws-environment.ts'
import { credentialProvider } from '../../../../src/store/cache/s3/credential-provider.ts'
import { POD_TOKEN, WEB_TOKEN, startAwsServices } from '../../../support/aws-services.ts'
import { temporaryDirectory } from '../../../support/scope.ts'

const HOUR_MS = 3_600_000
const OFF = { AWS_EC2_METADATA_DISABLED: 'true' }

void t.test('each source gives its credentials, in the order of other tools', async (t) => {
  const directory = await temporaryDirectory(t, 'aws')
  const file = async (name: string, content: string) => {
    await writeFile(join(directory, name), content)
    return join(directory, name)
  }
  const services = await startAwsServices(t, { id: 'service', secret: 's', expiresMs: Date.now() + HOUR_MS })
  const web = {
    AWS_ROLE_ARN: 'arn:aws:iam::1:role/cache',
    AWS_WEB_IDENTITY_TOKEN_FILE: await file('web', `${WEB_TOKEN}\n`),
    AWS_ENDPOINT_URL_STS: services.url,
  }
  const pod = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${services.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: await file('pod', `${POD_TOKEN}\n`),
  }
  const machine = { AWS_EC2_METADATA_SERVICE_ENDPOINT: `${services.url}/` }
  const keys = { AWS_ACCESS_KEY_ID: 'environment', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' }
  const profiles = {
    AWS_SHARED_CREDENTIALS_FILE: await file(
      'credentials',
      '# keys\n[default]\naws_access_key_id = default\naws_secret_access_key=s\n\n[empty]\n[other]\naws_access_key_id=other\naws_secret_access_key=s=/+\naws_session_token = t\n',
    ),
    AWS_CONFIG_FILE: await file(
      'config',
      '[profile third]\nregion = x\naws_access_key_id=third\naws_secret_access_key=s\n',
    ),
  }
  const none = { HOME: join(directory, 'nowhere'), ...OFF }
  const cases: readonly (readonly [
    name: string,
    environment: Record<string, string>,
    profile: string | undefined,
    id: string | undefined,
    asked: string,
  ])[] = [
    ['nothing', none, undefined, undefined, ''],
    ['environment', { ...none, ...keys, ...profiles, ...web }, undefined, 'environment', ''],
    ['an empty variable', { ...none, ...keys, AWS_ACCESS_KEY_ID: '' }, undefined, undefined, ''],
    ['profile', { ...none, ...profiles, ...web }, undefined, 'default', ''],
    ['AWS_PROFILE', { ...none, ...profiles, AWS_PROFILE: 'other' }, undefined, 'other', ''],
    ['?profile=', { ...none, ...keys, ...profiles }, 'other', 'other', ''],
    ['?profile= in config', { ...none, ...profiles }, 'third', 'third', ''],
    ['web identity', { ...none, ...web, ...pod }, undefined, 'service', 'POST /'],
    ['container', { ...none, ...pod }, undefined, 'service', 'GET /v1/credentials'],
    [
      'container with its token in the environment',
      {
        ...none,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: pod.AWS_CONTAINER_CREDENTIALS_FULL_URI,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: POD_TOKEN,
      },
      undefined,
      'service',
      'GET /v1/credentials',
    ],
    [
      'machine',
      { HOME: none.HOME, ...machine },
      undefined,
      'service',
      'PUT /latest/api/token, GET /latest/meta-data/iam/security-credentials/, GET /latest/meta-data/iam/security-credentials/role',
    ],
    [
      'no machine',
      { HOME: none.HOME, AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' },
      undefined,
      undefined,
      '',
    ],
  ]
  for (const [name, environment, profile, id, asked] of cases) {
    services.requests.length = 0
    const found = await credentialProvider(awsEnvironment(environment), profile)()
    t.equal(found?.accessKeyId, id, name)
    t.equal(services.requests.join(', '), asked, name)
  }
  const failing: readonly (readonly [Record<string, string>, string | undefined, RegExp])[] = [
    [{ ...none, ...keys, ...profiles }, 'empty', /have no keys for empty/],
    [{ ...none, ...web, AWS_ENDPOINT_URL_STS: `${services.url}/other` }, undefined, /answers 401/],
    [{ ...none, ...web, AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent' }, undefined, /ENOENT/],
    [
      { ...none, AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://192.0.2.1/v1' },
      undefined,
      /no token is sent to 192.0.2.1 without TLS/,
    ],
  ]
  for (const [environment, profile, message] of failing)
    await t.rejects(credentialProvider(awsEnvironment(environment), profile)(), { message })
})

void t.test('temporary credentials are renewed before they end, once for all who wait', async (t) => {
  const end = Date.now() + HOUR_MS
  const services = await startAwsServices(t, { id: 'first', secret: 's', expiresMs: end })
  let nowMs = end - 50 * 60_000
  const provider = credentialProvider(
    awsEnvironment({
      HOME: '/nonexistent',
      ...OFF,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${services.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: POD_TOKEN,
    }),
    undefined,
    () => nowMs,
  )
  const ids = async (count = 1) =>
    (await Promise.all(Array.from({ length: count }, provider))).map((found) => found?.accessKeyId)
  t.strictSame(await ids(3), ['first', 'first', 'first'])
  t.equal(services.requests.length, 1)
  services.give({ id: 'second', secret: 's', expiresMs: end + HOUR_MS })
  nowMs = end - 6 * 60_000
  t.strictSame(await ids(), ['first'])
  nowMs = end - 4 * 60_000
  t.strictSame(await ids(3), ['second', 'second', 'second'])
  t.equal(services.requests.length, 2)
  services.give(undefined)
  nowMs = end + 57 * 60_000
  t.strictSame(await ids(), ['second'], 'a renewal that fails: the old ones are still good')
  nowMs = end + 61 * 60_000
  await t.rejects(ids(), /answers 401/, 'and then they are not')
})
