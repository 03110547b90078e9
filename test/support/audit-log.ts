/** Kubernetes' audit log: every request that an API server got, so that tests can count them. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fieldAt, textAt } from '../../src/core/json-fields.ts'
import { parseJson } from '../../src/core/json.ts'

export type AuditedRequest = {
  /** Such as `get`, `list`, `watch`, `create`, `patch`, `delete`. */
  readonly verb: string
  /** With its query. */
  readonly uri: string
  readonly user: string
  /** The user on whose behalf it was made. */
  readonly impersonated: string | undefined
  readonly status: number
}

/** A watch is written when it begins, and everything else when it ends. */
const POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    // Requests of the control plane to itself.
    { level: 'None', users: ['system:apiserver', 'system:controllers', 'system:probe'] },
    { level: 'Metadata' },
  ],
}

/** @returns the arguments of an API server that writes such a log to a directory. */
export async function auditArguments(directory: string): Promise<readonly string[]> {
  const policy = join(directory, 'audit-policy.json')
  await writeFile(policy, JSON.stringify(POLICY))
  return ['--audit-policy-file', policy, '--audit-log-path', logIn(directory)]
}

/** @returns all requests so far, each once. */
export async function readAuditLog(directory: string): Promise<readonly AuditedRequest[]> {
  const text = await readFile(logIn(directory), 'utf8').catch(() => '')
  const requests = new Map<string, AuditedRequest>()
  for (const line of text.split('\n').slice(0, -1)) {
    const event = parseJson(line)
    const code = fieldAt(event, 'responseStatus', 'code')
    requests.set(textAt(event, 'auditID') ?? '', {
      verb: textAt(event, 'verb') ?? '',
      uri: textAt(event, 'requestURI') ?? '',
      user: textAt(event, 'user', 'username') ?? '',
      impersonated: textAt(event, 'impersonatedUser', 'username'),
      status: typeof code === 'number' ? code : 0,
    })
  }
  return [...requests.values()]
}

function logIn(directory: string): string {
  return join(directory, 'audit.log')
}
