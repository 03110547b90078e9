/** Turns the flags of `pushless install` into options, and refuses what the variant doesn't take. */
import { isCidr } from '../../kubernetes/check/custom/ip-address.ts'
import {
  NEEDS_NO_NODE,
  type InstallOptions,
  type SecretUse,
  type VariantKind,
} from '../../kubernetes/install/install-options.ts'
import { UsageError } from '../usage-error.ts'
import {
  checkImage,
  checkNamespace,
  flagName,
  parseAnnotations,
  parseNodePort,
  parseReplicas,
  secretName,
  wholeNumber,
} from './flag-values.ts'
import { cacheSettings, checkSettings, furtherSettings } from './pod-settings.ts'

/** As commander gives them. */
export type InstallFlags = {
  readonly kind: VariantKind
  readonly image?: string
  readonly namespace?: string
  readonly replicas?: string
  readonly caches?: readonly string[]
  readonly trustedKeys?: readonly string[]
  readonly storeSize?: string
  readonly host?: readonly string[]
  readonly nodePort?: string
  readonly clients?: readonly string[]
  readonly setting?: readonly string[]
  readonly imagePullSecret?: string
  readonly tlsSecret?: string
  readonly tokenSecret?: string
  readonly authSecret?: string
  readonly netrcSecret?: string
  readonly s3Secret?: string
  readonly cacheCa?: string
  readonly buildersSecret?: string
  readonly noSandbox?: boolean
  readonly accountAnnotation?: readonly string[]
  readonly nodeSetup?: boolean
  readonly nodeAuthority?: string
}

/** Flags that mean nothing for a variant, by the names that people type. */
const MISPLACED: Readonly<Record<VariantKind, readonly (keyof InstallFlags)[]>> = {
  cache: ['buildersSecret', 'noSandbox'],
  'stateful-set': ['storeSize', 's3Secret', 'replicas'],
  deployment: [
    'buildersSecret',
    'noSandbox',
    'caches',
    'trustedKeys',
    'storeSize',
    'netrcSecret',
    's3Secret',
    'cacheCa',
    'accountAnnotation',
  ],
  'daemon-set': [
    'buildersSecret',
    'noSandbox',
    'caches',
    'trustedKeys',
    'storeSize',
    'netrcSecret',
    's3Secret',
    'cacheCa',
    'accountAnnotation',
    'replicas',
    'nodePort',
    'clients',
  ],
}

const SECRETS = {
  tlsSecret: 'tls',
  tokenSecret: 'token',
  authSecret: 'auth',
  netrcSecret: 'netrc',
  s3Secret: 's3',
  cacheCa: 'cache-ca',
  buildersSecret: 'builders',
} as const satisfies Partial<Record<keyof InstallFlags, SecretUse>>

/** Settings that the variant or another flag decides. */
const DECIDED = new Set([
  'PUSHLESS_LISTEN',
  'PUSHLESS_STATE',
  'PUSHLESS_STORE',
  'PUSHLESS_STORE_SIZE',
  'PUSHLESS_NIX',
  'PUSHLESS_HOSTS',
  'PUSHLESS_CACHES',
  'PUSHLESS_TRUSTED_KEYS',
  'PUSHLESS_TOKEN_FILE',
  'PUSHLESS_TLS_CERT',
  'PUSHLESS_TLS_KEY',
  'PUSHLESS_NETRC',
  'PUSHLESS_CACHE_CA',
  'PUSHLESS_BUILDERS',
  'PUSHLESS_AUTH',
])

const DEFAULT_CACHE_SIZE = 10_000
const DEFAULT_ENCODED_SIZE = 1_000
/** @throws UsageError, SettingsError. */
export function installOptions(flags: InstallFlags): InstallOptions {
  const {
    kind,
    image,
    namespace,
    replicas,
    host: hosts = [],
    clients = [],
    nodePort,
    imagePullSecret,
  } = flags
  for (const flag of MISPLACED[kind])
    if (flags[flag] !== undefined) throw new UsageError(`${flagName(flag)}: --kind ${kind} has no use for it`)
  if (image !== undefined) checkImage(image)
  if (namespace !== undefined) checkNamespace(namespace)
  for (const cidr of clients)
    if (!isCidr(cidr)) throw new UsageError(`--clients: expected addresses such as 10.0.0.0/24, not ${cidr}`)
  const settings = { ...cacheSettings(flags), ...furtherSettings(flags.setting ?? [], DECIDED) }
  const storeMegabytes =
    flags.storeSize === undefined ? undefined : wholeNumber('--store-size', flags.storeSize)
  checkSettings({ ...settings, PUSHLESS_HOSTS: hosts.join(' ') }, storeMegabytes)
  return {
    kind,
    ...(image === undefined ? {} : { image }),
    ...(imagePullSecret === undefined
      ? {}
      : { imagePullSecret: secretName('--image-pull-secret', imagePullSecret) }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(replicas === undefined ? {} : { replicas: parseReplicas(replicas, kind) }),
    ...(nodePort === undefined ? {} : { nodePort: parseNodePort(nodePort) }),
    ...(storeMegabytes === undefined ? {} : { storeMegabytes }),
    ...(flags.noSandbox === undefined ? {} : { hasSandbox: !flags.noSandbox }),
    ...(flags.nodeSetup === undefined ? {} : { nodeSetup: flags.nodeSetup }),
    ...nodeAuthority(flags),
    unpackedMegabytes: Number(settings['PUSHLESS_CACHE_SIZE'] ?? DEFAULT_CACHE_SIZE),
    encodedMegabytes: Number(settings['PUSHLESS_ENCODED_SIZE'] ?? DEFAULT_ENCODED_SIZE),
    hosts,
    clients,
    settings,
    secrets: secretsOf(flags),
    accountAnnotations: parseAnnotations(flags.accountAnnotation ?? []),
  }
}

function nodeAuthority({
  kind,
  nodeAuthority: name,
  tlsSecret,
  nodeSetup = !NEEDS_NO_NODE.has(kind),
  nodePort,
}: InstallFlags): { readonly nodeAuthority?: string } {
  if (name === undefined) return {}
  if (tlsSecret === undefined)
    throw new UsageError('--node-authority: expected --tls-secret, whose certificate it is about')
  if (!nodeSetup || nodePort === 'none')
    throw new UsageError('--node-authority: there is no node set-up that would read it')
  return { nodeAuthority: secretName('--node-authority', name) }
}

function secretsOf(flags: InstallFlags): InstallOptions['secrets'] {
  const named = Object.entries(SECRETS).flatMap(([flag, use]) => {
    const name = flags[flag as keyof typeof SECRETS]
    return name === undefined ? [] : [[use, secretName(flagName(flag), name)] as const]
  })
  return Object.fromEntries(named)
}
