/**
 * Reads kubeconfig files as kubectl does: the files of KUBECONFIG together, where the first that has an entry wins, else
 * ~/.kube/config, else the ServiceAccount of the Pod. Files that an entry names lie relative to the file it is in.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { ClusterAccess, Proxy } from './cluster-access.ts'
import { filled, pemOf, wrongKubeconfig, type KubeconfigEntry } from './credentials/kubeconfig-entry.ts'
import { credentialsOf, impersonationOf } from './credentials/kubeconfig-user.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { podAccess } from './credentials/pod-access.ts'

export type KubeconfigOptions = {
  /** The variables of the process: KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST, and those of a proxy. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Takes the place of KUBECONFIG. */
  readonly file?: string | undefined
  readonly context?: string | undefined
  readonly namespace?: string | undefined
}

type Choice = Partial<Pick<KubeconfigOptions, 'context' | 'namespace' | 'environment'>>

const DEFAULT_NAMESPACE = 'default'
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]+){3}|\[::1\])$/

/** @throws KubernetesError `configuration` that names the file and the entry. */
export function readKubeconfig(options: KubeconfigOptions): ClusterAccess {
  const files = filesOf(options)
  const documents = files.flatMap((file) => readDocument(file, options.file === undefined))
  if (documents.length > 0) return accessIn(documents, options)
  const access = podAccess(options.environment, options.namespace)
  if (access !== undefined) return access
  throw wrongKubeconfig(
    `no kubeconfig: ${files.join(', ')} is not there, and this is no Pod: name one with --kubeconfig`,
  )
}

/**
 * Reads a kubeconfig that isn't a file, such as that of a Secret. Its entries name no files and run no programs.
 * @throws KubernetesError `configuration`.
 */
export function parseKubeconfig(text: string, choice: Choice = {}): ClusterAccess {
  return accessIn([{ value: parseYaml(text, 'kubeconfig'), directory: undefined }], choice)
}

function filesOf({ environment, file }: KubeconfigOptions): readonly string[] {
  if (file !== undefined) return [file]
  const listed = (environment['KUBECONFIG'] ?? '').split(':').filter((one) => one !== '')
  return listed.length > 0 ? listed : [join(environment['HOME'] ?? '/', '.kube/config')]
}

/** A file that KUBECONFIG names may be absent, as for kubectl; one of the command line may not. */
function readDocument(file: string, mayBeAbsent: boolean): readonly KubeconfigEntry[] {
  try {
    return [{ value: parseYaml(readFileSync(file, 'utf8'), file), directory: dirname(resolve(file)) }]
  } catch (cause) {
    if (cause instanceof KubernetesError) throw cause
    if (mayBeAbsent && cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
    throw new KubernetesError('configuration', `${file}: cannot be read`, { cause })
  }
}

function parseYaml(text: string, name: string): Json {
  let value: Json
  try {
    value = parse(text) as Json
  } catch (cause) {
    throw new KubernetesError('configuration', `${name}: is no YAML`, { cause })
  }
  if (isObject(value)) return value
  throw wrongKubeconfig(`${name}: is no kubeconfig: expected clusters, users and contexts`)
}

function accessIn(documents: readonly KubeconfigEntry[], choice: Choice): ClusterAccess {
  const current = documents.map(({ value }) => filled(textAt(value, 'current-context')))
  const name = choice.context ?? current.find((one) => one !== undefined)
  if (name === undefined)
    throw wrongKubeconfig(
      `no current context: choose one with --context, there is: ${namesOf(documents, 'contexts')}`,
    )
  const context = find(documents, 'context', name)
  const clusterName = filled(textAt(context.value, 'cluster'))
  if (clusterName === undefined) throw wrongKubeconfig(`context ${name} names no cluster`)
  const cluster = find(documents, 'cluster', clusterName)
  const userName = filled(textAt(context.value, 'user'))
  const user = userName === undefined ? undefined : find(documents, 'user', userName)
  const server = serverOf(cluster, clusterName)
  return {
    server,
    authorities: pemOf(cluster, 'certificate-authority'),
    isVerified: fieldAt(cluster.value, 'insecure-skip-tls-verify') !== true,
    serverName: filled(textAt(cluster.value, 'tls-server-name')),
    proxy: proxyOf(cluster, clusterName) ?? proxyOfProcess(server, choice.environment),
    namespace: choice.namespace ?? filled(textAt(context.value, 'namespace')) ?? DEFAULT_NAMESPACE,
    credentials:
      user === undefined ? { certificate: undefined, bearer: undefined } : credentialsOf(user, cluster),
    impersonation: user === undefined ? undefined : impersonationOf(user),
  }
}

function serverOf({ value }: KubeconfigEntry, cluster: string): URL {
  const server = filled(textAt(value, 'server'))
  if (server === undefined) throw wrongKubeconfig(`cluster ${cluster} has no server`)
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw wrongKubeconfig(`cluster ${cluster}: server ${server} is no URL of http or https`)
  return url
}

function proxyOf({ value }: KubeconfigEntry, cluster: string): Proxy | undefined {
  const proxy = filled(textAt(value, 'proxy-url'))
  if (proxy === undefined) return undefined
  if (!URL.canParse(proxy) || !['http:', 'https:'].includes(new URL(proxy).protocol))
    throw wrongKubeconfig(`cluster ${cluster}: proxy-url ${proxy} is no URL of a proxy of http or https`)
  return { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }
}

/** The proxy that the variables of the process name, as for kubectl, which never asks one for this machine itself. */
function proxyOfProcess(server: URL, environment: KubeconfigOptions['environment'] = {}): Proxy | undefined {
  if (LOOPBACK.test(server.hostname)) return undefined
  const [HTTP_PROXY, HTTPS_PROXY, NO_PROXY] = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].map(
    (name) => filled(environment[name]) ?? filled(environment[name.toLowerCase()]),
  )
  if (HTTP_PROXY === undefined && HTTPS_PROXY === undefined) return undefined
  return { HTTP_PROXY, HTTPS_PROXY, NO_PROXY }
}

/** @param field such as `context`; the list of them has an s. */
function find(documents: readonly KubeconfigEntry[], field: string, name: string): KubeconfigEntry {
  for (const { value, directory } of documents) {
    const entry = listAt(value, `${field}s`).find((one) => textAt(one, 'name') === name)
    const found = fieldAt(entry, field)
    if (isObject(found)) return { value: found, directory }
  }
  throw wrongKubeconfig(
    `the kubeconfig has no ${field} ${name}, there is: ${namesOf(documents, `${field}s`)}`,
  )
}

function namesOf(documents: readonly KubeconfigEntry[], list: string): string {
  const names = documents.flatMap(({ value }) => listAt(value, list).map((one) => textAt(one, 'name') ?? ''))
  return names.length === 0 ? 'none' : names.join(', ')
}
