/**
 * Temporary credentials from the services that AWS has for them. Each function asks its service once.
 * Sources: AWS STS API Reference, "AssumeRoleWithWebIdentity"; Amazon ECS Developer Guide, "Task IAM role"; Amazon EC2
 * User Guide, "Retrieve security credentials from instance metadata"; SDKs Reference Guide, "Container credential provider".
 */
import { readFile } from 'node:fs/promises'
import { parseJson } from '../../../core/json.ts'
import { textAt } from '../../../core/json-fields.ts'
import type { AwsEnvironment } from './aws-environment.ts'
import type { S3Credentials } from './s3-credentials.ts'

const ANSWER_MS = 10_000
/** The metadata service is on the machine itself. Where there is none, nobody answers at all. */
const METADATA_MS = 1_000
const MAX_ANSWER = 64 * 1024
const TOKEN_SECONDS = '21600'
const ROLE_PATH = '/latest/meta-data/iam/security-credentials/'
/** Addresses that a token may be sent to without TLS: those of ECS and EKS, and loopback. */
const LOCAL_HOSTS = ['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]', 'localhost', '127.0.0.1', '[::1]']

export async function webIdentityCredentials({
  tokenFile,
  role,
  session,
  endpoint,
}: NonNullable<AwsEnvironment['webIdentity']>): Promise<S3Credentials> {
  // Read each time: Kubernetes replaces the token before it expires.
  const token = (await readFile(tokenFile, 'utf8')).trim()
  const body = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: session,
    WebIdentityToken: token,
  })
  const xml = await ask(endpoint, { method: 'POST', body }, ANSWER_MS)
  // Base64 and dates, which XML needs no escape for.
  const element = (name: string): string => {
    const value = new RegExp(`<${name}>\\s*([^<]+?)\\s*</${name}>`).exec(xml)?.[1]
    if (value === undefined) throw new Error(`the answer of ${endpoint} has no ${name}`)
    return value
  }
  return {
    accessKeyId: element('AccessKeyId'),
    secretAccessKey: element('SecretAccessKey'),
    sessionToken: element('SessionToken'),
    expiresMs: Date.parse(element('Expiration')),
  }
}

export async function containerCredentials({
  url,
  token,
  tokenFile,
}: NonNullable<AwsEnvironment['container']>): Promise<S3Credentials> {
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:' && !LOCAL_HOSTS.includes(hostname))
    throw new Error(`no token is sent to ${hostname} without TLS`)
  const Authorization = tokenFile === undefined ? token : (await readFile(tokenFile, 'utf8')).trim()
  const headers: Record<string, string> = Authorization === undefined ? {} : { Authorization }
  return parsed(await ask(url, { headers }, ANSWER_MS), url)
}

/** By version 2 of the service, which asks for a token first. */
export async function machineCredentials(base: string): Promise<S3Credentials> {
  const address = base.replace(/\/$/, '')
  const token = await ask(
    `${address}/latest/api/token`,
    { method: 'PUT', headers: { 'X-aws-ec2-metadata-token-ttl-seconds': TOKEN_SECONDS } },
    METADATA_MS,
  )
  const headers = { 'X-aws-ec2-metadata-token': token }
  const role = (await ask(address + ROLE_PATH, { headers }, ANSWER_MS)).split('\n')[0]?.trim() ?? ''
  const url = address + ROLE_PATH + encodeURIComponent(role)
  return parsed(await ask(url, { headers }, ANSWER_MS), url)
}

function parsed(text: string, url: string): S3Credentials {
  const json = parseJson(text)
  const [accessKeyId, secretAccessKey] = [textAt(json, 'AccessKeyId'), textAt(json, 'SecretAccessKey')]
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error(`the answer of ${url} has no access key`)
  const expires = textAt(json, 'Expiration')
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: textAt(json, 'Token'),
    ...(expires === undefined ? {} : { expiresMs: Date.parse(expires) }),
  }
}

async function ask(url: string, request: RequestInit, limitMs: number): Promise<string> {
  const signal = AbortSignal.timeout(limitMs)
  const response = await fetch(url, { ...request, signal, redirect: 'error' })
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > MAX_ANSWER) throw new Error(`the answer of ${url} has more than ${MAX_ANSWER} bytes`)
    chunks.push(chunk)
  }
  if (!response.ok) throw new Error(`${url} answers ${response.status}`)
  return Buffer.concat(chunks).toString()
}
