/** Reads a user of a kubeconfig: its credentials, and the user that it impersonates. */
import { fieldAt, listAt, textAt, textsAt } from '../../../core/json-fields.ts'
import { isObject, type Json } from '../../../core/json.ts'
import type { Bearer, Credentials, ExecPlugin, Impersonation } from '../cluster-access.ts'
import { filled, pathOf, pemOf, wrongKubeconfig, type KubeconfigEntry } from './kubeconfig-entry.ts'

/** @throws KubernetesError `configuration`. */
export function credentialsOf(user: KubeconfigEntry, cluster: KubeconfigEntry): Credentials {
  const [cert, key] = [pemOf(user, 'client-certificate'), pemOf(user, 'client-key')]
  if ((cert === undefined) !== (key === undefined))
    throw wrongKubeconfig(
      'a user of the kubeconfig has a client-certificate without its client-key, or the reverse',
    )
  const certificate = cert === undefined || key === undefined ? undefined : { cert, key }
  return { certificate, bearer: bearerOf(user, cluster) }
}

/** @returns nothing for a user that acts for itself. */
export function impersonationOf({ value }: KubeconfigEntry): Impersonation | undefined {
  const user = filled(textAt(value, 'as'))
  const groups = textsAt(value, 'as-groups')
  const extra = fieldAt(value, 'as-user-extra')
  const uid = filled(textAt(value, 'as-uid'))
  if (user === undefined) {
    if (groups.length === 0 && uid === undefined) return undefined
    throw wrongKubeconfig('a user of the kubeconfig has as-groups or as-uid without as')
  }
  return {
    user,
    groups,
    uid,
    ...(isObject(extra)
      ? { extra: Object.fromEntries(Object.keys(extra).map((name) => [name, textsAt(extra, name)])) }
      : {}),
  }
}

/** A file wins over a token beside it (client-go, clientcmdapi.AuthInfo). */
function bearerOf(user: KubeconfigEntry, cluster: KubeconfigEntry): Bearer | undefined {
  const { value } = user
  const file = filled(textAt(value, 'tokenFile'))
  if (file !== undefined) return { kind: 'file', file: pathOf(user, file, 'tokenFile') }
  const token = filled(textAt(value, 'token'))
  if (token !== undefined) return { kind: 'token', token }
  const name = filled(textAt(value, 'username'))
  if (name !== undefined) return { kind: 'basic', user: name, password: textAt(value, 'password') ?? '' }
  const exec = fieldAt(value, 'exec')
  if (isObject(exec)) return { kind: 'exec', plugin: pluginOf(user, exec, cluster) }
  const provider = textAt(value, 'auth-provider', 'name')
  if (provider !== undefined)
    throw wrongKubeconfig(`auth-provider ${provider} was removed from Kubernetes 1.26: use its exec plugin`)
  return undefined
}

function pluginOf(user: KubeconfigEntry, exec: Json, { value }: KubeconfigEntry): ExecPlugin {
  if (user.directory === undefined)
    throw wrongKubeconfig(
      'a kubeconfig of a Secret may not run a program (exec): use a token or a certificate',
    )
  const command = filled(textAt(exec, 'command'))
  const apiVersion = filled(textAt(exec, 'apiVersion'))
  if (command === undefined || apiVersion === undefined)
    throw wrongKubeconfig('exec of a user in the kubeconfig: expected command and apiVersion')
  if (!/^client\.authentication\.k8s\.io\/v1(?:beta1)?$/.test(apiVersion))
    throw wrongKubeconfig(
      `exec of a user in the kubeconfig: ${apiVersion} is unknown, expected client.authentication.k8s.io/v1 or v1beta1`,
    )
  if (textAt(exec, 'interactiveMode') === 'Always')
    throw wrongKubeconfig(
      `exec of a user in the kubeconfig: ${command} always asks a person (interactiveMode: Always), which is not supported`,
    )
  return {
    apiVersion,
    // A name is looked for in PATH, and a path begins where the file is (client-go, ResolveLocalPaths).
    command: command.includes('/') ? pathOf(user, command, 'command') : command,
    args: textsAt(exec, 'args'),
    environment: Object.fromEntries(
      listAt(exec, 'env').map((one) => [textAt(one, 'name') ?? '', textAt(one, 'value') ?? '']),
    ),
    installHint: textAt(exec, 'installHint'),
    cluster: fieldAt(exec, 'provideClusterInfo') === true ? clusterInfo(value) : undefined,
  }
}

/** The fields of client.authentication.k8s.io `Cluster`, which are those of the kubeconfig. */
function clusterInfo(cluster: Json): Json {
  const names = ['server', 'tls-server-name', 'insecure-skip-tls-verify', 'certificate-authority-data']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fieldAt(cluster, name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
