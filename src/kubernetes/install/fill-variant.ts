/**
 * Fills the objects of a variant with what a caller decides. The result is what the Nix library makes of the same
 * arguments (manifests/registry/), for machines without Nix; a test compares the two.
 */
import { NEEDS_NO_NODE, type InstallOptions, type VariantKind } from './install-options.ts'
import type { RegistryObject, Workload } from './registry-objects.ts'
import {
  withAuthority,
  withEnvironment,
  withImage,
  withPod,
  withPullSecret,
  withPushless,
  withSecrets,
  withoutSandbox,
} from './registry-pod.ts'

/** The name of the objects, of their namespace, and of the container that serves. */
const NAME = 'pushless'
const NODE_SETUP = `${NAME}-node-setup`
/** The port that nodes pull from, where nothing else is chosen. */
const NODE_PORT = 30500
/** `emptyDir` of the state beside the store, unpacked archives and encoded layers, in megabytes: logs and digests. */
const STATE_MEGABYTES = 1000
const STORE_MEGABYTES = 20_000
const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' }

/**
 * @param variant the objects of the variant.
 * @param setup the objects of node-setup.yaml, for a variant that has none of its own.
 */
export function fillVariant(
  variant: readonly RegistryObject[],
  setup: readonly RegistryObject[],
  options: InstallOptions,
): readonly RegistryObject[] {
  const namespace = options.namespace ?? NAME
  const own = variant.filter((object) => !isOfSetup(object))
  const registry = own.flatMap((object) => fillObject(object, options))
  const placed = registry.map((object) => inNamespace(object, namespace))
  return [...placed, ...setupOf(variant, setup, options, namespace)]
}

function fillObject(object: RegistryObject, options: InstallOptions): readonly RegistryObject[] {
  const { replicas, nodePort, clients } = options
  switch (object.kind) {
    case 'DaemonSet':
    case 'Deployment':
    case 'StatefulSet':
      return [fillWorkload(object, options)]
    case 'HorizontalPodAutoscaler':
      if (typeof replicas === 'number') return []
      if (replicas === undefined) return [object]
      return [{ ...object, spec: { ...object.spec, minReplicas: replicas.min, maxReplicas: replicas.max } }]
    case 'Service': {
      if (nodePort === undefined) return [object]
      const ports = object.spec.ports.map((port) =>
        nodePort === 'none' ? withoutNodePort(port) : { ...port, nodePort },
      )
      const type = nodePort === 'none' ? 'ClusterIP' : 'NodePort'
      return [{ ...object, spec: { ...object.spec, type, ports } }]
    }
    case 'NetworkPolicy': {
      if (clients.length === 0) return [object]
      const from = clients.map((cidr) => ({ ipBlock: { cidr } }))
      return [
        {
          ...object,
          spec: { ...object.spec, ingress: object.spec.ingress.map((rule) => ({ ...rule, from })) },
        },
      ]
    }
    case 'ServiceAccount': {
      const { accountAnnotations: annotations } = options
      if (Object.keys(annotations).length === 0) return [object]
      return [{ ...object, metadata: { ...object.metadata, annotations } }]
    }
    case 'Namespace':
      return [
        options.hasSandbox === false
          ? { ...object, metadata: { ...object.metadata, labels: RESTRICTED } }
          : object,
      ]
    default:
      return [object]
  }
}

function withoutNodePort<T extends { readonly nodePort?: number }>(port: T): Omit<T, 'nodePort'> {
  const { nodePort: _, ...rest } = port
  return rest
}

function fillWorkload(workload: Workload, options: InstallOptions): Workload {
  const { kind, settings, secrets, replicas, imagePullSecret } = options
  const filled = withPod(withImage(workload, options.image), (pod) => {
    const configured = withPushless(pod, (container) =>
      withEnvironment(container, { ...environmentOf(options), ...settings }),
    )
    const sized = {
      ...withPullSecret(configured, imagePullSecret),
      volumes: configured.volumes.map((volume) =>
        kind === 'cache' && volume.name === 'state'
          ? { ...volume, emptyDir: { ...volume.emptyDir, sizeLimit: sizeOfState(options) } }
          : volume,
      ),
    }
    return withSecrets(options.hasSandbox === false ? withoutSandbox(sized) : sized, secrets)
  })
  return typeof replicas === 'number' ? { ...filled, spec: { ...filled.spec, replicas } } : filled
}

function environmentOf({
  kind,
  hosts,
  namespace = NAME,
  storeMegabytes,
}: InstallOptions): Readonly<Record<string, string>> {
  const service = [NAME, `${NAME}.${namespace}`, `${NAME}.${namespace}.svc`]
  const names = kind === 'daemon-set' ? [] : [...service, `${NAME}.${namespace}.svc.cluster.local`]
  const all = [...names, ...hosts]
  return {
    ...(all.length === 0 ? {} : { PUSHLESS_HOSTS: all.join(' ') }),
    ...(storeMegabytes === undefined ? {} : { PUSHLESS_STORE_SIZE: String(storeMegabytes) }),
  }
}

/** Small files take more on disk than in archives, whose bytes `--store-size` counts (manifests/registry/cache-pod.nix). */
function sizeOfState({
  storeMegabytes = STORE_MEGABYTES,
  unpackedMegabytes,
  encodedMegabytes,
}: InstallOptions): string {
  const store = Math.floor((storeMegabytes * 3) / 2)
  return `${store + unpackedMegabytes + encodedMegabytes + STATE_MEGABYTES}M`
}

/**
 * The set-up of nodes. Its Pods see directories of the node, so beside a registry whose namespace is "restricted" it has
 * a namespace of its own.
 */
function setupOf(
  variant: readonly RegistryObject[],
  setup: readonly RegistryObject[],
  {
    kind,
    image,
    imagePullSecret,
    nodePort = NODE_PORT,
    nodeSetup = !NEEDS_NO_NODE.has(kind),
    nodeAuthority,
    secrets,
  }: InstallOptions,
  namespace: string,
): readonly RegistryObject[] {
  if (!nodeSetup || nodePort === 'none') return []
  const scheme = secrets.tls === undefined ? 'http' : 'https'
  const url = URL_OF[kind](scheme, nodePort)
  const objects = NEEDS_NO_NODE.has(kind) ? setup : variant.filter(isOfSetup)
  const place = NEEDS_NO_NODE.has(kind) ? `${namespace}-node-setup` : namespace
  return objects.map((object) => {
    const placed = inNamespace(object, place)
    if (placed.kind !== 'DaemonSet') return placed
    return withPod(withImage(placed, image), (pod) => {
      const told = {
        ...withPullSecret(pod, imagePullSecret),
        containers: pod.containers.map((one) => withEnvironment(one, { URL: url })),
      }
      return nodeAuthority === undefined ? told : withAuthority(told, nodeAuthority)
    })
  })
}

const URL_OF = {
  cache: (scheme, port) => `${scheme}://$(NODE_IP):${port}`,
  deployment: (scheme, port) => `${scheme}://$(NODE_IP):${port}`,
  'stateful-set': (scheme, port) => `${scheme}://$(NODE_IP):${port}`,
  'daemon-set': (scheme) => `${scheme}://127.0.0.1:5000`,
} as const satisfies Record<VariantKind, (scheme: string, port: number) => string>

function isOfSetup({ metadata }: RegistryObject): boolean {
  return metadata.name === NODE_SETUP
}

function inNamespace<T extends RegistryObject>(object: T, namespace: string): T {
  const { metadata } = object
  if (object.kind === 'Namespace') return { ...object, metadata: { ...metadata, name: namespace } }
  return metadata.namespace === undefined ? object : { ...object, metadata: { ...metadata, namespace } }
}
