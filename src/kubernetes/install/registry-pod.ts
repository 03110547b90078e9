/** The Pods of a variant: their environment, the files of Secrets and ConfigMaps, and their volumes. */
import type { SecretUse } from './install-options.ts'
import type { Container, PodSpec, Volume, Workload } from './registry-objects.ts'

const SECRETS = '/run/secrets/pushless-'
/** As in manifests/registry/: the owner and its group read the file. */
const SECRET_MODE = 0o440

/** Files of a Secret or ConfigMap, by the variable of the setting that names each. */
const FILES = {
  tls: { PUSHLESS_TLS_CERT: 'tls.crt', PUSHLESS_TLS_KEY: 'tls.key' },
  token: { PUSHLESS_TOKEN_FILE: 'token' },
  auth: { PUSHLESS_AUTH: 'auth.yaml' },
  netrc: { PUSHLESS_NETRC: 'netrc' },
  'cache-ca': { PUSHLESS_CACHE_CA: 'ca.crt' },
  builders: { PUSHLESS_BUILDERS: 'machines' },
} as const satisfies Record<Exclude<SecretUse, 's3'>, Readonly<Record<string, string>>>

/** The containers of the registry and of the operator. */
const PUSHLESS: ReadonlySet<string> = new Set(['registry', 'operator'])

const USES = ['auth', 'builders', 'cache-ca', 'netrc', 'tls', 'token'] as const

/** Returns the workload with another Pod. */
export function withPod(workload: Workload, change: (pod: PodSpec) => PodSpec): Workload {
  const { spec } = workload
  return {
    ...workload,
    spec: { ...spec, template: { ...spec.template, spec: change(spec.template.spec) } },
  }
}

/** Returns the Pod with another container of pushless. */
export function withPushless(pod: PodSpec, change: (container: Container) => Container): PodSpec {
  return {
    ...pod,
    containers: pod.containers.map((one) => (PUSHLESS.has(one.name) ? change(one) : one)),
  }
}

/** Returns the Pod with another image in all its containers. */
export function withImage(workload: Workload, image: string | undefined): Workload {
  if (image === undefined) return workload
  return withPod(workload, (pod) => ({
    ...pod,
    containers: pod.containers.map((one) => ({ ...one, image })),
    ...(pod.initContainers === undefined
      ? {}
      : { initContainers: pod.initContainers.map((one) => ({ ...one, image })) }),
  }))
}

/** Names the Secret that has the credentials for the image. */
export function withPullSecret(pod: PodSpec, name: string | undefined): PodSpec {
  return name === undefined ? pod : { ...pod, imagePullSecrets: [{ name }] }
}

/** Sets variables. They are sorted by name, as the library has them. */
export function withEnvironment(container: Container, values: Readonly<Record<string, string>>): Container {
  const all = new Map((container.env ?? []).map((one) => [one.name, one]))
  for (const [name, value] of Object.entries(values)) all.set(name, { name, value })
  return { ...container, env: sortedBy([...all.values()], ({ name }) => name) }
}

/** Mounts the Secrets, and names their files in settings. TLS makes the probes speak HTTPS. */
export function withSecrets(pod: PodSpec, secrets: Readonly<Partial<Record<SecretUse, string>>>): PodSpec {
  let result = pod
  for (const use of USES) {
    const name = secrets[use]
    if (name !== undefined) result = withFiles(result, use, name)
  }
  const { s3 } = secrets
  if (s3 !== undefined)
    result = withPushless(result, (container) => ({ ...container, envFrom: [{ secretRef: { name: s3 } }] }))
  if (secrets.tls !== undefined)
    result = withPushless(result, ({ livenessProbe, readinessProbe, ...container }) => ({
      ...container,
      ...(livenessProbe === undefined ? {} : { livenessProbe: byTls(livenessProbe) }),
      ...(readinessProbe === undefined ? {} : { readinessProbe: byTls(readinessProbe) }),
    }))
  return result
}

/** Returns the Pod without what its builds need for a sandbox. */
export function withoutSandbox(pod: PodSpec): PodSpec {
  const { hostUsers: _, ...rest } = pod
  const confined = withPushless(rest, ({ securityContext = {}, ...container }) => {
    const { procMount: __, ...security } = securityContext
    return { ...container, securityContext: security }
  })
  return {
    ...confined,
    securityContext: { ...pod.securityContext, seccompProfile: { type: 'RuntimeDefault' } },
  }
}

/** Gives the set-up of nodes the authority of the registry's certificate, from a ConfigMap. */
export function withAuthority(pod: PodSpec, name: string): PodSpec {
  const containers = pod.containers.map((container) =>
    withMount(withEnvironment(container, { AUTHORITY: '/authority/ca.crt' }), 'authority', '/authority'),
  )
  return withVolume({ ...pod, containers }, { name: 'authority', configMap: { name } })
}

function withFiles(pod: PodSpec, use: keyof typeof FILES, name: string): PodSpec {
  const directory = `${SECRETS}${use}`
  const volume: Volume =
    use === 'cache-ca'
      ? { name: use, configMap: { name } }
      : { name: use, secret: { secretName: name, defaultMode: SECRET_MODE } }
  const variables = Object.entries(FILES[use]).map(([variable, file]) => [variable, `${directory}/${file}`])
  const mounted = withPushless(pod, (container) =>
    withMount(
      withEnvironment(
        use === 'auth' ? withoutAnonymous(container) : container,
        Object.fromEntries(variables),
      ),
      use,
      directory,
    ),
  )
  return withVolume(mounted, volume)
}

/** Mounts a volume. Mounts are sorted by path, and volumes by name, as the library has them. */
function withMount(container: Container, name: string, mountPath: string): Container {
  const mounts = [...container.volumeMounts, { mountPath, name, readOnly: true }]
  return { ...container, volumeMounts: sortedBy(mounts, (mount) => mount.mountPath) }
}

function withVolume(pod: PodSpec, volume: Volume): PodSpec {
  return { ...pod, volumes: sortedBy([...pod.volumes, volume], ({ name }) => name) }
}

/** The auth file decides what anonymous clients may do. */
function withoutAnonymous(container: Container): Container {
  return { ...container, env: (container.env ?? []).filter(({ name }) => name !== 'PUSHLESS_ANONYMOUS_PULL') }
}

function byTls<T extends { readonly httpGet: object }>(probe: T): T {
  return { ...probe, httpGet: { ...probe.httpGet, scheme: 'HTTPS' } }
}

/** Byte order, as Nix sorts names. */
function sortedBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}
