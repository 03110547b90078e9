/** Turns the flags of `pushless install operator` into options. */
import type { OperatorInstallOptions } from '../../kubernetes/install/fill-operator.ts'
import type { SecretUse } from '../../kubernetes/install/install-options.ts'
import { OPERATOR_SETTINGS } from '../operator/operator-settings.ts'
import { parseRegistryUrl } from '../registry-url.ts'
import {
  checkImage,
  checkNamespace,
  flagName,
  parseAnnotations,
  secretName,
  wholeNumber,
} from './flag-values.ts'
import { cacheSettings, checkSettings, furtherSettings } from './pod-settings.ts'

/** As commander gives them. */
export type OperatorInstallFlags = {
  readonly image?: string
  readonly imagePullSecret?: string
  readonly namespace?: string
  readonly replicas?: string
  readonly caches?: readonly string[]
  readonly trustedKeys?: readonly string[]
  readonly storeSize?: string
  readonly registry?: string
  readonly host?: readonly string[]
  readonly netrcSecret?: string
  readonly s3Secret?: string
  readonly cacheCa?: string
  readonly tokenSecret?: string
  readonly accountAnnotation?: readonly string[]
  readonly setting?: readonly string[]
}

const SECRETS = {
  netrcSecret: 'netrc',
  s3Secret: 's3',
  cacheCa: 'cache-ca',
  tokenSecret: 'token',
} as const satisfies Partial<Record<keyof OperatorInstallFlags, SecretUse>>

/** Settings that the Deployment or another flag decides. */
const DECIDED = new Set([
  'PUSHLESS_STATE',
  'PUSHLESS_STORE',
  'PUSHLESS_STORE_SIZE',
  'PUSHLESS_CACHES',
  'PUSHLESS_TRUSTED_KEYS',
  'PUSHLESS_NETRC',
  'PUSHLESS_CACHE_CA',
])

/** @throws UsageError, SettingsError. */
export function operatorInstallOptions(flags: OperatorInstallFlags): OperatorInstallOptions {
  const { image, imagePullSecret, namespace, replicas, registry, host = [] } = flags
  if (image !== undefined) checkImage(image)
  if (namespace !== undefined) checkNamespace(namespace)
  if (registry !== undefined) parseRegistryUrl(registry)
  const settings = {
    ...cacheSettings(flags),
    ...furtherSettings(flags.setting ?? [], DECIDED, OPERATOR_SETTINGS),
  }
  const storeMegabytes =
    flags.storeSize === undefined ? undefined : wholeNumber('--store-size', flags.storeSize)
  checkSettings(settings, storeMegabytes)
  return {
    ...(image === undefined ? {} : { image }),
    ...(imagePullSecret === undefined
      ? {}
      : { imagePullSecret: secretName('--image-pull-secret', imagePullSecret) }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(replicas === undefined ? {} : { replicas: wholeNumber('--replicas', replicas) }),
    ...(storeMegabytes === undefined ? {} : { storeMegabytes }),
    settings,
    args: [
      ...(registry === undefined ? [] : ['--registry', registry]),
      ...host.flatMap((name) => ['--host', name]),
    ],
    secrets: Object.fromEntries(
      Object.entries(SECRETS).flatMap(([flag, use]) => {
        const name = flags[flag as keyof typeof SECRETS]
        return name === undefined ? [] : [[use, secretName(flagName(flag), name)] as const]
      }),
    ),
    accountAnnotations: parseAnnotations(flags.accountAnnotation ?? []),
  }
}
