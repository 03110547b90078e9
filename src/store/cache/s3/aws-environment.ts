/**
 * The facts that AWS puts into the environment of a process, by the names that all its tools have for them.
 * Source: AWS SDKs and Tools Reference Guide, "Settings reference".
 */
import { join } from 'node:path'
import type { S3Credentials } from './s3-credentials.ts'

export type AwsEnvironment = {
  /** AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. */
  readonly credentials: S3Credentials | undefined
  /** The files of profiles. */
  readonly profiles: { readonly name: string; readonly files: readonly string[] }
  /** A role for the token of a Kubernetes service account, as IAM roles for service accounts have it. */
  readonly webIdentity:
    | {
        readonly tokenFile: string
        readonly role: string
        readonly session: string
        /** The address of the Security Token Service. */
        readonly endpoint: string
      }
    | undefined
  /** The credentials of an ECS task, or of an EKS Pod identity. */
  readonly container:
    | { readonly url: string; readonly token: string | undefined; readonly tokenFile: string | undefined }
    | undefined
  /** The address of the machine's own metadata service. `undefined` where it is turned off. */
  readonly metadataUrl: string | undefined
}

const DEFAULT_REGION = 'us-east-1'
const ECS_ADDRESS = 'http://169.254.170.2'
const METADATA_ADDRESS = 'http://169.254.169.254'

export function awsEnvironment(environment: Readonly<Record<string, string | undefined>>): AwsEnvironment {
  const given = (name: string): string | undefined => environment[name] || undefined
  const home = given('HOME') ?? '/'
  const region = given('AWS_REGION') ?? given('AWS_DEFAULT_REGION') ?? DEFAULT_REGION
  const [id, secret] = [given('AWS_ACCESS_KEY_ID'), given('AWS_SECRET_ACCESS_KEY')]
  const [tokenFile, role] = [given('AWS_WEB_IDENTITY_TOKEN_FILE'), given('AWS_ROLE_ARN')]
  const relative = given('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI')
  const url = relative === undefined ? given('AWS_CONTAINER_CREDENTIALS_FULL_URI') : ECS_ADDRESS + relative
  return {
    credentials:
      id === undefined || secret === undefined
        ? undefined
        : { accessKeyId: id, secretAccessKey: secret, sessionToken: given('AWS_SESSION_TOKEN') },
    profiles: {
      name: given('AWS_PROFILE') ?? 'default',
      files: [
        given('AWS_SHARED_CREDENTIALS_FILE') ?? join(home, '.aws/credentials'),
        given('AWS_CONFIG_FILE') ?? join(home, '.aws/config'),
      ],
    },
    webIdentity:
      tokenFile === undefined || role === undefined
        ? undefined
        : {
            tokenFile,
            role,
            session: given('AWS_ROLE_SESSION_NAME') ?? 'pushless',
            endpoint: given('AWS_ENDPOINT_URL_STS') ?? `https://sts.${region}.amazonaws.com`,
          },
    container:
      url === undefined
        ? undefined
        : {
            url,
            token: given('AWS_CONTAINER_AUTHORIZATION_TOKEN'),
            tokenFile: given('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'),
          },
    metadataUrl:
      given('AWS_EC2_METADATA_DISABLED')?.toLowerCase() === 'true'
        ? undefined
        : (given('AWS_EC2_METADATA_SERVICE_ENDPOINT') ?? METADATA_ADDRESS),
  }
}
