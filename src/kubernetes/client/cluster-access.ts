/** A cluster and the way into it, whichever source it was read from. */
import type { Json } from '../../core/json.ts'

export type ClusterAccess = {
  readonly server: URL
  /** PEM; the system's authorities where there is none. */
  readonly authorities: string | undefined
  readonly isVerified: boolean
  /** The name that the server's certificate must have, where it isn't that of the URL. */
  readonly serverName: string | undefined
  readonly proxy: Proxy | undefined
  /** Objects without a namespace go there. */
  readonly namespace: string
  readonly credentials: Credentials
  readonly impersonation: Impersonation | undefined
}

/** The proxy by the scheme of the server, and the hosts that need none, in the spelling of the variables of processes. */
export type Proxy = {
  readonly HTTP_PROXY?: string | undefined
  readonly HTTPS_PROXY?: string | undefined
  readonly NO_PROXY?: string | undefined
}

/** A client certificate with its key, in PEM. */
export type KeyPair = { readonly cert: string; readonly key: string }

export type Credentials = {
  readonly certificate: KeyPair | undefined
  readonly bearer: Bearer | undefined
}

export type Bearer =
  | { readonly kind: 'token'; readonly token: string }
  /** Read again for each request: Kubernetes renews the token of a ServiceAccount in its file. */
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'exec'; readonly plugin: ExecPlugin }

/** A program that gives credentials (client.authentication.k8s.io). */
export type ExecPlugin = {
  readonly apiVersion: string
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly installHint: string | undefined
  /** The facts of the cluster that the plugin asked for. */
  readonly cluster: Json | undefined
}

/** The user on whose behalf requests are made. */
export type Impersonation = {
  readonly user: string
  readonly uid?: string | undefined
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/**
 * Makes requests on behalf of a ServiceAccount. Its groups are left to the server, which knows them
 * (apiserver, filters/impersonation): sending them would need a right for each.
 */
export function asServiceAccount(access: ClusterAccess, namespace: string, name: string): ClusterAccess {
  return { ...access, impersonation: { user: `system:serviceaccount:${namespace}:${name}`, groups: [] } }
}
