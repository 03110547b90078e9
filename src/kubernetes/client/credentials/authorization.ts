/** Gives each request its credentials, and renews those that expire or that the server refuses. */
import { readFileSync } from 'node:fs'
import type { Credentials, Impersonation, KeyPair } from '../cluster-access.ts'
import { ExecCredentials, type PluginCredentials } from './exec-credentials.ts'
import { KubernetesError } from '../kubernetes-error.ts'

export type RequestSecrets = {
  /** The value of the header `authorization`. */
  readonly authorization: string | undefined
  readonly certificate: KeyPair | undefined
  /** The plugin's answer that they are from. */
  readonly plugin: PluginCredentials | undefined
}

export class Authorization {
  readonly #credentials: Credentials
  readonly #exec: ExecCredentials | undefined

  constructor(credentials: Credentials) {
    this.#credentials = credentials
    const { bearer } = credentials
    this.#exec = bearer?.kind === 'exec' ? new ExecCredentials(bearer.plugin) : undefined
  }

  /** @throws KubernetesError `configuration` for a token file or a plugin that fails. */
  async secrets(): Promise<RequestSecrets> {
    const { certificate } = this.#credentials
    const plugin = await this.#exec?.current()
    return {
      authorization: this.#header(plugin),
      certificate: plugin?.certificate ?? certificate,
      plugin,
    }
  }

  /** @returns whether there may be others, after the server refused these. */
  refuse({ plugin, authorization }: RequestSecrets): boolean {
    if (plugin === undefined) return this.#header(undefined) !== authorization
    this.#exec?.forget(plugin)
    return true
  }

  #header(plugin: PluginCredentials | undefined): string | undefined {
    const { bearer } = this.#credentials
    switch (bearer?.kind) {
      case undefined:
        return undefined
      case 'token':
        return `Bearer ${bearer.token}`
      case 'file':
        return `Bearer ${readToken(bearer.file)}`
      case 'basic':
        return `Basic ${Buffer.from(`${bearer.user}:${bearer.password}`).toString('base64')}`
      case 'exec':
        return plugin?.token === undefined ? undefined : `Bearer ${plugin.token}`
    }
  }
}

/** The headers by which a request is made on behalf of another user (apiserver, filters/impersonation). */
export function impersonationHeaders(
  impersonation: Impersonation | undefined,
): Readonly<Record<string, string | readonly string[]>> {
  if (impersonation === undefined) return {}
  const { user, uid, groups, extra = {} } = impersonation
  return {
    'impersonate-user': user,
    ...(uid === undefined ? {} : { 'impersonate-uid': uid }),
    ...(groups.length === 0 ? {} : { 'impersonate-group': groups }),
    ...Object.fromEntries(
      Object.entries(extra).map(([name, values]) => [
        `impersonate-extra-${encodeURIComponent(name)}`,
        values,
      ]),
    ),
  }
}

function readToken(file: string): string {
  let token: string
  try {
    token = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new KubernetesError('configuration', `${file}: cannot be read`, { cause })
  }
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new KubernetesError('configuration', `${file}: holds no token`)
}
