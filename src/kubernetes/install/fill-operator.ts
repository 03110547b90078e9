/**
 * Fills the objects of the operator with what a caller decides. The result is what the Nix library makes of the same
 * arguments (manifests/operator/), for machines without Nix; a test compares the two.
 */
import type { SecretUse } from './install-options.ts'
import type { OperatorObject } from './operator-objects.ts'
import type { Workload } from './registry-objects.ts'
import {
  withEnvironment,
  withImage,
  withPod,
  withPullSecret,
  withPushless,
  withSecrets,
} from './registry-pod.ts'

/** The choices of a caller. A field that is absent stays as the rendered objects have it. */
export type OperatorInstallOptions = {
  readonly image?: string
  readonly imagePullSecret?: string
  readonly namespace?: string
  readonly replicas?: number
  /** Megabytes of `--store-size`. The volume has room for it. */
  readonly storeMegabytes?: number
  /** Values of settings, by the names of their variables. */
  readonly settings: Readonly<Record<string, string>>
  /** Arguments of `pushless operator`, behind those that it always has. */
  readonly args: readonly string[]
  readonly secrets: Readonly<Partial<Record<SecretUse, string>>>
  readonly accountAnnotations: Readonly<Record<string, string>>
}

/** `emptyDir` of the state beside the store, in megabytes. */
const STATE_MEGABYTES = 500

export function fillOperator(
  objects: readonly OperatorObject[],
  options: OperatorInstallOptions,
): readonly OperatorObject[] {
  return objects.map((object) => inNamespace(fillObject(object, options), options.namespace))
}

function fillObject(object: OperatorObject, options: OperatorInstallOptions): OperatorObject {
  switch (object.kind) {
    case 'Deployment':
    case 'DaemonSet':
    case 'StatefulSet':
      return fillWorkload(object, options)
    case 'ServiceAccount': {
      const { accountAnnotations: annotations } = options
      if (Object.keys(annotations).length === 0) return object
      return { ...object, metadata: { ...object.metadata, annotations } }
    }
    default:
      return object
  }
}

function fillWorkload(workload: Workload, options: OperatorInstallOptions): Workload {
  const { image, imagePullSecret, replicas, storeMegabytes, settings, args, secrets } = options
  const sized = storeMegabytes === undefined ? {} : { PUSHLESS_STORE_SIZE: String(storeMegabytes) }
  const filled = withPod(withImage(workload, image), (pod) => {
    const configured = withPushless(pod, (container) => ({
      ...withEnvironment(container, { ...sized, ...settings }),
      args: [...(container.args ?? []), ...args],
    }))
    const volumes = configured.volumes.map((volume) =>
      storeMegabytes !== undefined && volume.name === 'state'
        ? { ...volume, emptyDir: { ...volume.emptyDir, sizeLimit: sizeOfState(storeMegabytes) } }
        : volume,
    )
    return withSecrets(withPullSecret({ ...configured, volumes }, imagePullSecret), secrets)
  })
  return replicas === undefined ? filled : { ...filled, spec: { ...filled.spec, replicas } }
}

/** Small files take more on disk than in archives, whose bytes `--store-size` counts (manifests/operator/operator.nix). */
function sizeOfState(storeMegabytes: number): string {
  return `${Math.floor((storeMegabytes * 3) / 2) + STATE_MEGABYTES}M`
}

function inNamespace(object: OperatorObject, namespace: string | undefined): OperatorObject {
  if (namespace === undefined) return object
  const { metadata } = object
  if (object.kind === 'Namespace') return { ...object, metadata: { ...metadata, name: namespace } }
  const placed =
    metadata.namespace === undefined ? object : { ...object, metadata: { ...metadata, namespace } }
  return 'subjects' in placed
    ? { ...placed, subjects: placed.subjects.map((subject) => ({ ...subject, namespace })) }
    : placed
}
