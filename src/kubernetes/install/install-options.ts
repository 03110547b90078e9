/** The choices of a caller about the registry's objects. A field that is absent stays as the variant has it. */

/** The variants, and the file below manifests/registry/rendered/ that has each. */
export const VARIANT_FILES = {
  cache: 'cache.yaml',
  'daemon-set': 'daemon-set.yaml',
  deployment: 'deployment.yaml',
  'stateful-set': 'stateful-set.yaml',
} as const
export type VariantKind = keyof typeof VARIANT_FILES

/**
 * The variants that need nothing of their nodes. The set-up of nodes isn't there unless it is asked for, and has a
 * namespace of its own.
 */
export const NEEDS_NO_NODE: ReadonlySet<VariantKind> = new Set(['cache', 'stateful-set'])

export type InstallOptions = {
  readonly kind: VariantKind
  readonly image?: string
  readonly imagePullSecret?: string
  readonly namespace?: string
  /** As many Pods, or as many as the load needs within these bounds. */
  readonly replicas?: number | { readonly min: number; readonly max: number }
  /** Names by which clients call the registry, beside those of its Service. */
  readonly hosts: readonly string[]
  /** `none`: the Service has an address in the cluster alone. */
  readonly nodePort?: number | 'none'
  /** Addresses (CIDR) that may pull. */
  readonly clients: readonly string[]
  /** Values of further settings, by the names of their variables. */
  readonly settings: Readonly<Record<string, string>>
  /** Megabytes of `--store-size`, `--cache-size` and `--encoded-size`: the volume has room for all of them. */
  readonly storeMegabytes?: number
  readonly unpackedMegabytes: number
  readonly encodedMegabytes: number
  readonly secrets: Readonly<Partial<Record<SecretUse, string>>>
  /** Annotations of the ServiceAccount, for clouds that give it a role. */
  readonly accountAnnotations: Readonly<Record<string, string>>
  /** Whether the Pod may make the namespaces that a sandbox of builds needs. The default is that of the variant. */
  readonly hasSandbox?: boolean
  /** Whether nodes are told where the registry is. The default is that of the variant. */
  readonly nodeSetup?: boolean
  /** ConfigMap with the authority of the registry's certificate, which the set-up of nodes distributes. */
  readonly nodeAuthority?: string
}

/** Secrets, and one ConfigMap, that the registry may read. */
export type SecretUse = 'tls' | 'token' | 'auth' | 'netrc' | 'cache-ca' | 's3' | 'builders'
