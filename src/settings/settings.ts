/** The settings as the rest of the program takes them: parsed, with units in their names, frozen. */
import { parseNamePattern, type NamePattern } from '../core/policy.ts'
import { parseSigningKey, type SigningKey } from '../core/nix/signature.ts'
import { parseHostPattern, type HostPattern } from '../http/access/host-name.ts'
import { parseAddressRange, type AddressRange } from '../http/access/trusted-proxies.ts'
import type { ClientAuth } from '../http/access/client-auth.ts'
import type { CompressionMode } from '../http/pull/compression-mode.ts'
import type { WaitMode } from '../http/pull/wait.ts'
import type { NixCacheMode } from '../nix-cache/nix-cache-mode.ts'
import { parseCacheUrl, type CacheAddress } from '../store/cache/binary-cache/cache-url.ts'
import { parseBuilder, type BuilderAddress } from '../store/cache/builder/builder-address.ts'
import { awsEnvironment, type AwsEnvironment } from '../store/cache/s3/aws-environment.ts'
import type { StoreKind } from '../store/store-kind.ts'
import type { CertificateFiles } from '../tls/certificate-files.ts'
import { settingTitle } from './setting-facts.ts'
import type { GivenSettings, SettingName } from './setting-table.ts'
import { SettingsError } from './settings-error.ts'

/** The parsed settings. setting-table.ts says what each means, and why its default is what it is. */
export type Settings = {
  readonly listen: ListenAddress
  /** `undefined` where metrics and health are at `listen`. */
  readonly metricsListen: ListenAddress | undefined
  /** `undefined` where management is at `listen`. */
  readonly adminListen: ListenAddress | undefined
  readonly trustedProxies: readonly AddressRange[]
  /** 0 for no limit, as for those below. */
  readonly clientRequests: number
  readonly clientConnections: number
  readonly clientBytes: number
  readonly clientWork: number
  readonly hosts: readonly HostPattern[]
  readonly openOnLoopback: boolean
  readonly stateDirectory: string
  readonly storeKind: StoreKind
  readonly caches: readonly CacheAddress[]
  readonly trustedKeys: readonly SigningKey[]
  /** Both as they were given, for a Nix. */
  readonly cachesText: string
  readonly trustedKeysText: string
  readonly requiresSignature: boolean
  readonly storeBytes: number
  /** `undefined` where caches are asked without credentials. */
  readonly netrcFile: string | undefined
  /** `undefined` where only well-known authorities are trusted. */
  readonly authoritiesFile: string | undefined
  /** `undefined` where nothing is built that no cache has. */
  readonly builder: BuilderAddress | undefined
  /** The sources of credentials for S3. */
  readonly aws: AwsEnvironment
  /** `auto`, `unix:PATH`, or a command. */
  readonly nix: string
  /** The socket of the runtime's NRI. None without --zero-copy. */
  readonly nriSocket: string | undefined
  readonly servePackages: boolean
  readonly partialIndex: boolean
  readonly holdMs: number
  readonly waitMode: WaitMode
  readonly buildsAtOnce: number
  readonly fetchesAtOnce: number
  readonly maxQueued: number
  /** 0 for no limit, as for `silentMs` and `fetchBytes`. */
  readonly workMs: number
  readonly silentMs: number
  readonly fetchBytes: number
  /** `undefined` where only loopback decides; see policy.ts. */
  readonly allowBuilds: boolean | undefined
  /** For --store own alone, as the next. `undefined` where it builds here alone. */
  readonly buildersFile: string | undefined
  readonly allowUnsandboxedBuilds: boolean
  readonly denyFetches: boolean
  readonly allowNames: readonly NamePattern[]
  readonly denyNames: readonly NamePattern[]
  readonly systems: readonly string[]
  readonly requiredKeys: readonly SigningKey[]
  /** `undefined` where images needn't be signed. */
  readonly imageSignatures: ImageSignatures | undefined
  readonly keepDays: number
  readonly failureMs: number
  readonly logBytes: number
  readonly cacheBytes: number
  readonly encodedBytes: number
  /** `undefined` where nobody may change anything. */
  readonly tokenFile: string | undefined
  readonly anonymousPull: boolean
  /** A file, or `-`; `undefined` where there is no audit log. */
  readonly auditFile: string | undefined
  /** `undefined` where nothing is traced. */
  readonly traceEndpoint: string | undefined
  readonly traceRatio: number
  /** `undefined` where everybody may pull. */
  readonly authFile: string | undefined
  /** `undefined` where HTTP is spoken. */
  readonly tls: TlsSettings | undefined
  /** `undefined` where nothing is signed. */
  readonly signingKey: string | undefined
  /** The directory; `undefined` where nobody looks for vulnerabilities. */
  readonly advisories: string | undefined
  /** `undefined` where the operator says none. */
  readonly supplier: string | undefined
  readonly nixCacheMode: NixCacheMode
  readonly pages: boolean
  readonly verify: boolean
  readonly compressionMode: CompressionMode
  readonly graceMs: number
  readonly logLevel: GivenSettings['PUSHLESS_LOG_LEVEL']
  readonly logFormat: GivenSettings['PUSHLESS_LOG_FORMAT']
}

type ImageSignatures = { readonly directory: string; readonly keyFiles: readonly string[] }

type TlsSettings = CertificateFiles & { readonly clientAuth: ClientAuth }

export type ListenAddress = {
  /** An address or a name; an IPv6 address is without brackets. */
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
}

const SECOND_MS = 1000
const MEGABYTE = 1e6

/**
 * Parses what the schema let through.
 * @param aws from the environment.
 * @throws SettingsError naming the setting and what it takes.
 */
export function settingsOf(given: GivenSettings, aws: AwsEnvironment = awsEnvironment({})): Settings {
  refuseTogether(given)
  return Object.freeze({
    listen: parseListen(given.PUSHLESS_LISTEN),
    metricsListen:
      given.PUSHLESS_METRICS_LISTEN === '' ? undefined : parseListen(given.PUSHLESS_METRICS_LISTEN),
    adminListen: given.PUSHLESS_ADMIN_LISTEN === '' ? undefined : parseListen(given.PUSHLESS_ADMIN_LISTEN),
    trustedProxies: parseWords(given, 'PUSHLESS_TRUSTED_PROXIES', parseAddressRange, RANGE_EXPECTED),
    clientRequests: given.PUSHLESS_CLIENT_REQUESTS,
    clientConnections: given.PUSHLESS_CLIENT_CONNECTIONS,
    clientBytes: given.PUSHLESS_CLIENT_BYTES * MEGABYTE,
    clientWork: given.PUSHLESS_CLIENT_WORK,
    hosts: parseWords(given, 'PUSHLESS_HOSTS', parseHostPattern, HOST_EXPECTED),
    openOnLoopback: given.PUSHLESS_OPEN_ON_LOOPBACK,
    stateDirectory: given.PUSHLESS_STATE,
    storeKind: given.PUSHLESS_STORE,
    caches: parseWords(given, 'PUSHLESS_CACHES', parseCacheUrl, CACHE_EXPECTED),
    trustedKeys: parseWords(given, 'PUSHLESS_TRUSTED_KEYS', parseSigningKey, KEY_EXPECTED),
    cachesText: given.PUSHLESS_CACHES,
    trustedKeysText: given.PUSHLESS_TRUSTED_KEYS,
    requiresSignature: given.PUSHLESS_REQUIRE_SIGNATURE,
    storeBytes: given.PUSHLESS_STORE_SIZE * MEGABYTE,
    netrcFile: given.PUSHLESS_NETRC === '' ? undefined : given.PUSHLESS_NETRC,
    authoritiesFile: given.PUSHLESS_CACHE_CA === '' ? undefined : given.PUSHLESS_CACHE_CA,
    aws,
    builder: parseBuilderSetting(given.PUSHLESS_BUILDER),
    nix: given.PUSHLESS_NIX,
    nriSocket: given.PUSHLESS_ZERO_COPY ? given.PUSHLESS_NRI_SOCKET : undefined,
    servePackages: given.PUSHLESS_SERVE_PACKAGES,
    partialIndex: given.PUSHLESS_PARTIAL_INDEX,
    holdMs: given.PUSHLESS_HOLD * SECOND_MS,
    waitMode: given.PUSHLESS_WAIT,
    buildsAtOnce: given.PUSHLESS_BUILDS,
    fetchesAtOnce: given.PUSHLESS_FETCHES,
    maxQueued: given.PUSHLESS_QUEUE,
    workMs: given.PUSHLESS_WORK_TIME * SECOND_MS,
    silentMs: given.PUSHLESS_SILENT_TIME * SECOND_MS,
    fetchBytes: given.PUSHLESS_FETCH_SIZE * MEGABYTE,
    allowBuilds: given.PUSHLESS_ALLOW_BUILDS,
    buildersFile: given.PUSHLESS_BUILDERS === '' ? undefined : given.PUSHLESS_BUILDERS,
    allowUnsandboxedBuilds: given.PUSHLESS_ALLOW_UNSANDBOXED_BUILDS,
    denyFetches: given.PUSHLESS_DENY_FETCHES,
    allowNames: wordsOf(given.PUSHLESS_ALLOW_NAMES).flatMap((word) => parseNamePattern(word) ?? []),
    denyNames: wordsOf(given.PUSHLESS_DENY_NAMES).flatMap((word) => parseNamePattern(word) ?? []),
    systems: wordsOf(given.PUSHLESS_SYSTEMS),
    requiredKeys: parseWords(given, 'PUSHLESS_REQUIRE_KEYS', parseSigningKey, KEY_EXPECTED),
    imageSignatures: parseImageSignatures(given),
    keepDays: given.PUSHLESS_KEEP,
    failureMs: given.PUSHLESS_FAILURE_TIME * SECOND_MS,
    logBytes: given.PUSHLESS_LOG_SIZE * MEGABYTE,
    cacheBytes: given.PUSHLESS_CACHE_SIZE * MEGABYTE,
    encodedBytes: given.PUSHLESS_ENCODED_SIZE * MEGABYTE,
    tokenFile: given.PUSHLESS_TOKEN_FILE === '' ? undefined : given.PUSHLESS_TOKEN_FILE,
    anonymousPull: given.PUSHLESS_ANONYMOUS_PULL,
    auditFile: given.PUSHLESS_AUDIT === '' ? undefined : given.PUSHLESS_AUDIT,
    traceEndpoint: given.PUSHLESS_TRACE_ENDPOINT === '' ? undefined : given.PUSHLESS_TRACE_ENDPOINT,
    traceRatio: given.PUSHLESS_TRACE_RATIO,
    authFile: given.PUSHLESS_AUTH === '' ? undefined : given.PUSHLESS_AUTH,
    tls: parseTls(given),
    signingKey: given.PUSHLESS_SIGNING_KEY === '' ? undefined : given.PUSHLESS_SIGNING_KEY,
    advisories: given.PUSHLESS_ADVISORIES === '' ? undefined : given.PUSHLESS_ADVISORIES,
    supplier: given.PUSHLESS_SUPPLIER === '' ? undefined : given.PUSHLESS_SUPPLIER,
    nixCacheMode: given.PUSHLESS_NIX_CACHE,
    pages: given.PUSHLESS_PAGES,
    verify: given.PUSHLESS_VERIFY,
    compressionMode: given.PUSHLESS_COMPRESSION,
    graceMs: given.PUSHLESS_GRACE * SECOND_MS,
    logLevel: given.PUSHLESS_LOG_LEVEL,
    logFormat: given.PUSHLESS_LOG_FORMAT,
  })
}

const RANGE_EXPECTED = 'is no address or network, expected 192.0.2.1 or 10.0.0.0/8'
/** @throws SettingsError for settings that cannot be fulfilled together. */
function refuseTogether(given: GivenSettings): void {
  if (given.PUSHLESS_STORE === 'own' && given.PUSHLESS_NIX.startsWith('unix:'))
    throw new SettingsError(
      `${settingTitle('PUSHLESS_NIX')}: with --store own it is a command, since the server starts its Nix itself`,
    )
  const [isCache, nixCache] = [given.PUSHLESS_STORE === 'cache', given.PUSHLESS_NIX_CACHE]
  if (isCache && nixCache === 'write')
    throw new SettingsError(
      `${settingTitle('PUSHLESS_NIX_CACHE')}: write needs --store daemon or own, a store that is filled from binary caches takes no uploads; copy to one of --caches`,
    )
  if (given.PUSHLESS_STORE !== 'own' && given.PUSHLESS_BUILDERS !== '')
    throw new SettingsError(
      `${settingTitle('PUSHLESS_BUILDERS')}: is for --store own alone; the builders of a Nix daemon stand in its nix.conf, and --store cache has --builder`,
    )
  if (given.PUSHLESS_ZERO_COPY && given.PUSHLESS_STORE !== 'daemon')
    throw new SettingsError(
      `${settingTitle('PUSHLESS_ZERO_COPY')}: needs --store daemon, since the node mounts the paths of its own store`,
    )
  if (!isCache && given.PUSHLESS_BUILDER !== '')
    throw new SettingsError(
      `${settingTitle('PUSHLESS_BUILDER')}: is for --store cache alone; the builders of a Nix daemon stand in its nix.conf`,
    )
}

function parseBuilderSetting(text: string): BuilderAddress | undefined {
  if (text === '') return undefined
  const builder = parseBuilder(text)
  if (builder !== undefined) return builder
  throw new SettingsError(
    `${settingTitle('PUSHLESS_BUILDER')}: ${text} is no builder, expected unix:/path, ssh-ng://host or a command`,
  )
}

const HOST_EXPECTED = 'is no host name, expected registry.example.org, *.example.org or *'
const CACHE_EXPECTED =
  'is no address of a binary cache, expected https://cache.example.org, s3://bucket?region=eu-west-1 or file:///path'
const KEY_EXPECTED = 'is no key, which is a name, a colon and 32 bytes in base 64'

function parseWords<Value>(
  given: GivenSettings,
  name:
    | 'PUSHLESS_HOSTS'
    | 'PUSHLESS_TRUSTED_PROXIES'
    | 'PUSHLESS_REQUIRE_KEYS'
    | 'PUSHLESS_CACHES'
    | 'PUSHLESS_TRUSTED_KEYS',
  parse: (word: string) => Value | undefined,
  expected: string,
): readonly Value[] {
  return wordsOf(given[name]).map((word) => {
    const value = parse(word)
    if (value === undefined) throw new SettingsError(`${settingTitle(name)}: ${word} ${expected}`)
    return value
  })
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

/** @throws SettingsError for a requirement that nothing could meet. */
function parseImageSignatures(given: GivenSettings): ImageSignatures | undefined {
  const [directory, keyFiles] = [given.PUSHLESS_IMAGE_SIGNATURES, wordsOf(given.PUSHLESS_IMAGE_KEYS)]
  if (!given.PUSHLESS_REQUIRE_IMAGE_SIGNATURE) return undefined
  const missing =
    directory === '' ? 'PUSHLESS_IMAGE_SIGNATURES' : keyFiles.length === 0 ? 'PUSHLESS_IMAGE_KEYS' : undefined
  if (missing === undefined) return { directory, keyFiles }
  throw new SettingsError(`${settingTitle(missing)}: must be set with --require-image-signature`)
}

/** @throws SettingsError for a certificate without its key, and the like. */
function parseTls(given: GivenSettings): TlsSettings | undefined {
  const { PUSHLESS_TLS_CERT: certFile, PUSHLESS_TLS_KEY: keyFile, PUSHLESS_TLS_CLIENT_CA: caFile } = given
  if (certFile === '' && keyFile === '' && caFile === '') return undefined
  if (certFile === '') throw withoutTls('PUSHLESS_TLS_CERT', keyFile === '' ? '--tls-client-ca' : '--tls-key')
  if (keyFile === '') throw withoutTls('PUSHLESS_TLS_KEY', '--tls-cert')
  const clientAuth = caFile === '' ? 'off' : given.PUSHLESS_TLS_CLIENT_AUTH
  return { certFile, keyFile, clientCaFile: clientAuth === 'off' ? undefined : caFile, clientAuth }
}

function withoutTls(missing: SettingName, given: string): SettingsError {
  return new SettingsError(`${settingTitle(missing)}: must be set with ${given}`)
}

/** `127.0.0.1:5000` or `[::1]:5000`, which the schema has checked. */
function parseListen(listen: string): ListenAddress {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(listen.slice(colon + 1)) }
}

/** The address as it is written in a setting: `[::1]:5000`. */
export function listenText({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
