/**
 * Every setting, once: its environment variable (which gives its flag), what it means, its default with unit and
 * reason. The command line, the help texts and the table of docs/settings.md are made from this.
 */
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { CLIENT_AUTH_MODES } from '../http/access/client-auth.ts'
import { COMPRESSION_MODES } from '../http/pull/compression-mode.ts'
import { WAIT_MODES } from '../http/pull/wait.ts'
import { NIX_CACHE_MODES } from '../nix-cache/nix-cache-mode.ts'
import { STORE_KINDS } from '../store/store-kind.ts'

/** Reads as `unix:/path`, as a command, or as `auto`. */
const NIX_AUTO = 'auto'
/** A host and a port up to 65535. */
const LISTEN = '^.+:(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$'
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
const LOG_FORMATS = ['auto', 'json', 'pretty'] as const

export const SETTINGS = Type.Object({
  PUSHLESS_LISTEN: Type.String({
    default: '127.0.0.1:5000',
    pattern: LISTEN,
    description:
      'address and port to listen on; port 0 takes a free one. Loopback by default, so that being reachable is a decision of the operator',
  }),
  PUSHLESS_METRICS_LISTEN: Type.String({
    default: '',
    pattern: `^$|${LISTEN}`,
    description:
      'address and port for /metrics, /healthz and /readyz, in plain HTTP; they are not on --listen then. None: they are on --listen',
  }),
  PUSHLESS_ADMIN_LISTEN: Type.String({
    default: '',
    pattern: `^$|${LISTEN}`,
    description:
      'address and port for /builds, /warm and imports into /nix-cache, with the TLS of --listen; they are not on --listen then. None: they are on --listen',
  }),
  PUSHLESS_TRUSTED_PROXIES: Type.String({
    default: '',
    description:
      'addresses and networks (10.0.0.0/8) of proxies, separated by spaces, whose X-Forwarded-For or Forwarded names the client. Once one is named, nothing is taken for local because it comes from loopback. None: the client is who connects',
  }),
  PUSHLESS_CLIENT_REQUESTS: Type.Integer({
    default: 1000,
    minimum: 0,
    maximum: 1_000_000,
    description:
      'requests that one client (a subject, else an address) may have at once, 0 for no limit. A node with 110 Pods that pull at once has some hundred',
  }),
  PUSHLESS_CLIENT_CONNECTIONS: Type.Integer({
    default: 1000,
    minimum: 0,
    maximum: 1_000_000,
    description: 'connections that one address may have at once, trusted proxies excepted, 0 for no limit',
  }),
  PUSHLESS_CLIENT_BYTES: Type.Number({
    default: 200_000,
    minimum: 0,
    maximum: 1e9,
    description:
      'megabytes of answers that may be on their way to one client before its next request is refused, 0 for no limit. A node that pulls 110 images of a gigabyte is below it',
  }),
  PUSHLESS_CLIENT_WORK: Type.Integer({
    default: 50,
    minimum: 0,
    maximum: 100_000,
    description:
      'builds and fetches of one client that may go on or wait, 0 for no limit; past it 429. Half of the queue, so that another client finds room',
  }),
  PUSHLESS_HOSTS: Type.String({
    default: '',
    description:
      'names that clients call the registry by, separated by spaces: registry.example.org, *.example.org, or * for any. Always known: IP addresses, localhost, *.localhost, the machine\u2019s host name and nix.internal. Requests for another Host are refused (421), since a web page may have sent them',
  }),
  PUSHLESS_OPEN_ON_LOOPBACK: Type.Boolean({
    default: true,
    description:
      'clients on loopback may read builds and their logs without the token, and have builds made if --allow-builds is unset. It ends with the first request that came through a proxy. Turn it off behind a relay of TCP, which leaves no sign',
  }),
  PUSHLESS_STATE: Type.String({
    minLength: 1,
    description:
      'directory for digests of layers, logs of builds, roots and unpacked archives; may be deleted while stopped',
  }),
  PUSHLESS_STORE: Type.Enum([...STORE_KINDS], {
    default: 'daemon',
    description:
      'where store paths come from: daemon (the Nix of this machine), own (a Nix that the server starts, which has /nix to itself and builds in a sandbox), or cache (binary caches alone, without Nix; see docs/cache-store.md)',
  }),
  PUSHLESS_CACHES: Type.String({
    default: 'https://cache.nixos.org',
    description:
      'binary caches of --store cache and own, separated by spaces: https://, s3:// and file:// with the parameters that Nix has for them',
  }),
  PUSHLESS_TRUSTED_KEYS: Type.String({
    default: 'cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=',
    description:
      'public keys (name:base64, as nix.conf has them) of which one must have signed each path that --store cache or own fetches',
  }),
  PUSHLESS_REQUIRE_SIGNATURE: Type.Boolean({
    default: true,
    description:
      'fetch with --store cache and own only what is signed by a trusted key. Off: everybody who can write to a cache, or who controls the network on the way to it, decides what the images contain',
  }),
  PUSHLESS_STORE_SIZE: Type.Number({
    default: 20_000,
    minimum: 1,
    maximum: 1e9,
    description:
      'megabytes that the paths of --store cache may have together, the least recently used go first. A dozen usual images',
  }),
  PUSHLESS_NETRC: Type.String({
    default: '',
    description:
      'file of credentials for binary caches, as netrc has it. A password without a login is a bearer token. None: caches are asked without',
  }),
  PUSHLESS_CACHE_CA: Type.String({
    default: '',
    description:
      'file of certificates of authorities (PEM) that binary caches may have beside those that everybody trusts. None: those alone',
  }),
  PUSHLESS_BUILDER: Type.String({
    default: '',
    description:
      'Nix that builds for --store cache what no cache has: unix:PATH, ssh-ng://USER@HOST, or a command that speaks the worker protocol. Its paths need no signature. None: nothing is built',
  }),
  PUSHLESS_NIX: Type.String({
    default: NIX_AUTO,
    minLength: 1,
    description:
      'how to reach Nix: auto (the daemon\u2019s socket, else nix-daemon --stdio), unix:PATH, or a command that speaks the worker protocol on stdin and stdout',
  }),
  PUSHLESS_ZERO_COPY: Type.Boolean({
    default: false,
    description:
      'for a registry that runs on the node whose containers it serves: images have no store paths in their layers, and the node\u2019s own store is mounted into each container through NRI. Needs --store daemon, and containerd 2 or CRI-O 1.30',
  }),
  PUSHLESS_NRI_SOCKET: Type.String({
    default: '/var/run/nri/nri.sock',
    pattern: '^/.',
    description: 'the socket of the container runtime\u2019s NRI, for --zero-copy',
  }),
  PUSHLESS_SERVE_PACKAGES: Type.Boolean({
    default: false,
    description:
      'serve any directory of the store as an image, not only images. Off: a store may hold secrets',
  }),
  PUSHLESS_PARTIAL_INDEX: Type.Boolean({
    default: true,
    description:
      'leave platforms out of an image\u2019s index that cannot be had here: no builder for their system, no such path, not allowed. Off: such an image is an error, and an index never has another digest elsewhere',
  }),
  PUSHLESS_HOLD: Type.Number({
    default: 20,
    minimum: 0,
    maximum: 280,
    description:
      'seconds a request may wait for a build or fetch before 429; the work goes on. containerd 2.3 gives up after 30',
  }),
  PUSHLESS_WAIT: Type.Enum([...WAIT_MODES], {
    default: 'retry',
    description:
      'what comes after the hold: retry (429, and the client asks again), or redirect (307 to the same URL, at most 9 times, then 429), for clusters whose kubelet pulls one image at a time',
  }),
  PUSHLESS_BUILDS: Type.Integer({
    default: 2,
    minimum: 1,
    maximum: 1000,
    description:
      'builds at once. Each is a process of Nix\u2019s, which divides the machine further by max-jobs and cores',
  }),
  PUSHLESS_FETCHES: Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 1000,
    description: 'fetches at once. They wait for the network, not for this machine',
  }),
  PUSHLESS_QUEUE: Type.Integer({
    default: 100,
    minimum: 0,
    maximum: 100_000,
    description:
      'builds, and as many fetches, that may wait for their turn; past it 429 at once. Each costs a few kilobytes',
  }),
  PUSHLESS_WORK_TIME: Type.Number({
    default: 7200,
    minimum: 0,
    maximum: 604_800,
    description:
      'seconds that a build or fetch may take, 0 for no limit. Large packages take hours, stuck ones for ever',
  }),
  PUSHLESS_SILENT_TIME: Type.Number({
    default: 1800,
    minimum: 0,
    maximum: 604_800,
    description:
      'seconds that a build or fetch may go on without a sign of life, 0 for no limit. Linking a large program is silent for minutes',
  }),
  PUSHLESS_FETCH_SIZE: Type.Number({
    default: 0,
    minimum: 0,
    maximum: 1e9,
    description:
      'megabytes, unpacked, that may be fetched for one image, 0 for no limit. Asks what is missing beforehand, so it costs a look-up',
  }),
  PUSHLESS_ALLOW_BUILDS: Type.Optional(
    Type.Boolean({
      description:
        'whether derivations may be built: on or off. Unset: only while listening on loopback, and while --open-on-loopback holds. Clients that may have something built may run programs, in Nix\u2019s sandbox',
    }),
  ),
  PUSHLESS_BUILDERS: Type.String({
    default: '',
    description:
      'file of remote builders for --store own, in the form of nix.conf\u2019s builders = @FILE: a line each, with the path of its key. None: it builds here alone',
  }),
  PUSHLESS_ALLOW_UNSANDBOXED_BUILDS: Type.Boolean({
    default: false,
    description:
      'with --store own: build without a sandbox where there can be none. A build can then read what the server can, its secrets too. Off: nothing is built there',
  }),
  PUSHLESS_DENY_FETCHES: Type.Boolean({
    default: false,
    description: 'fetch nothing from binary caches: serve and build only from what the store has',
  }),
  PUSHLESS_ALLOW_NAMES: Type.String({
    default: '',
    description:
      'patterns (* and ?) of which the name of what is fetched or built for a pull must match one, separated by spaces. None: any name',
  }),
  PUSHLESS_DENY_NAMES: Type.String({
    default: '',
    description:
      'patterns of names that are neither fetched nor built, nor anything that needs them fetched or built',
  }),
  PUSHLESS_SYSTEMS: Type.String({
    default: '',
    description:
      'systems that there are builders for, like x86_64-linux aarch64-linux: others fail before anything is built for them. None: Nix says so once it is their turn',
  }),
  PUSHLESS_REQUIRE_KEYS: Type.String({
    default: '',
    description:
      'public keys (name:base64, as nix.conf has them) of which one must have signed each path that is served, was not built here and is not content-addressed. None: what is in the store is trusted',
  }),
  PUSHLESS_KEEP: Type.Number({
    default: 7,
    minimum: 0,
    maximum: 3650,
    description:
      'days that an image stays in the store after its last pull, held by a root that the garbage collector heeds; 0 for none. A Pod that is moved pulls again',
  }),
  PUSHLESS_FAILURE_TIME: Type.Number({
    default: 300,
    minimum: 0,
    maximum: 604_800,
    description:
      'seconds that a failed build is remembered and not tried again, 0 for not at all; a failed fetch for at most 60. Kubernetes asks again after 10, 20, 40, 80, 160 and then every 300',
  }),
  PUSHLESS_LOG_SIZE: Type.Number({
    default: 100,
    minimum: 1,
    maximum: 1e6,
    description:
      'megabytes of logs of builds and fetches that are kept, the oldest go first. Each is 1 at most: its head and its tail',
  }),
  PUSHLESS_CACHE_SIZE: Type.Number({
    default: 10_000,
    minimum: 0,
    maximum: 1e9,
    description:
      'megabytes below the state directory for what compressed archives of images unpack to, the least recently used going first. An archive that alone is larger is refused. A dozen usual images, and the few that most rollouts pull at once',
  }),
  PUSHLESS_ENCODED_SIZE: Type.Number({
    default: 1_000,
    minimum: 0,
    maximum: 1e9,
    description:
      'megabytes below the state directory for layers as zstd, the least recently used going first. The first client that takes zstd has its layer encoded, others get the copy. 0: nothing is kept, and a layer is encoded for each client. Room for about ten usual images',
  }),
  PUSHLESS_REQUIRE_IMAGE_SIGNATURE: Type.Boolean({
    default: false,
    description:
      'serve only images with a signature by a key of --image-keys among the files of --image-signatures. Others look as if they were not there',
  }),
  PUSHLESS_IMAGE_KEYS: Type.String({
    default: '',
    description:
      'files of public keys for --require-image-signature, separated by spaces: PEM as cosign and `pushless key` write it, or name:base64',
  }),
  PUSHLESS_IMAGE_SIGNATURES: Type.String({
    default: '',
    description:
      'directory of signatures of images, as `pushless sign` and cosign write them: a sigstore bundle in sha256-<hex>.json each. Looked at when an image is made',
  }),
  PUSHLESS_TOKEN_FILE: Type.String({
    default: '',
    description:
      'file that holds the token for what changes something, as a password (netrc, any user name) or bearer token. None: nobody may',
  }),
  PUSHLESS_AUTH: Type.String({
    default: '',
    description:
      'file (YAML or JSON) that says who may pull, warm, import and read: users, tokens, certificates, issuers of tokens (see docs/access.md). Read again when it changes. None: everybody who reaches the registry may pull',
  }),
  PUSHLESS_ANONYMOUS_PULL: Type.Boolean({
    default: false,
    description:
      'let everybody pull who reaches the registry. Said only where --listen is beyond loopback and there is no --auth and no --tls-client-ca: without any of them the registry does not start. With --auth, its `anonymous` decides',
  }),
  PUSHLESS_AUDIT: Type.String({
    default: '',
    description:
      'file for the audit log, or - for standard output: a JSON line for each denied request, wrong credentials, build, fetch, import, warming, deletion and reload. None: no audit log',
  }),
  PUSHLESS_TRACE_ENDPOINT: Type.String({
    default: '',
    pattern: '^$|^https?://',
    description:
      'URL of an OpenTelemetry collector that takes traces by OTLP over HTTP, such as http://collector:4318/v1/traces. None: no traces',
  }),
  PUSHLESS_TRACE_RATIO: Type.Number({
    default: 1,
    minimum: 0,
    maximum: 1,
    description:
      'share of requests that are traced, from 0 to 1, where the client does not decide it by its traceparent',
  }),
  PUSHLESS_TLS_CERT: Type.String({
    default: '',
    description:
      'file with the certificate to speak HTTPS with, in PEM: the server\u2019s own first, then the ones between it and the root. Read again when it changes, as the two below. None: plain HTTP',
  }),
  PUSHLESS_TLS_KEY: Type.String({
    default: '',
    description: 'file with the key of --tls-cert, in PEM. None: only without --tls-cert',
  }),
  PUSHLESS_TLS_CLIENT_CA: Type.String({
    default: '',
    description:
      'file with the authorities, in PEM, that sign certificates of clients (mTLS). None: clients are not asked for one',
  }),
  PUSHLESS_TLS_CLIENT_AUTH: Type.Enum([...CLIENT_AUTH_MODES], {
    default: 'required',
    description:
      'with --tls-client-ca: required (403 without a certificate of it, but for /healthz and /readyz), optional (the log names who has one), or off',
  }),
  PUSHLESS_SIGNING_KEY: Type.String({
    default: '',
    description:
      'file with an Ed25519 secret key, as `pushless key` makes it, that signs images, their SBOMs and their provenance. None: unsigned statements only',
  }),
  PUSHLESS_ADVISORIES: Type.String({
    default: '',
    description:
      'directory of advisories, as `pushless advisories update` fills it: images are compared with them, on their pages and as referrers. Files that are put there are loaded within a minute. None: nobody looks',
  }),
  PUSHLESS_SUPPLIER: Type.String({
    default: '',
    description:
      'organisation that supplies the images and packages which name no supplier themselves, for their SBOMs. None: it is left out',
  }),
  PUSHLESS_NIX_CACHE: Type.Enum([...NIX_CACHE_MODES], {
    default: 'off',
    description:
      'Nix\u2019s binary cache protocol below /nix-cache: off, read (nix copy --from what may be pulled), or write (also nix copy --derivation --to, with the token). Off: what may be imported may be built',
  }),
  PUSHLESS_PAGES: Type.Boolean({
    default: true,
    description:
      'pages about images, for browsers: / lists images to clients that may read /builds, and /images/<hash> shows one to every client that may pull it',
  }),
  PUSHLESS_VERIFY: Type.Boolean({
    default: false,
    description:
      'hash blobs again while they are streamed, and cut the connection before the last chunk of a wrong one',
  }),
  PUSHLESS_COMPRESSION: Type.Enum([...COMPRESSION_MODES], {
    default: 'auto',
    description:
      'compression of layers on their way: auto (zstd for clients elsewhere that accept it), none, zstd (for every client that accepts it), gzip (zstd or gzip)',
  }),
  PUSHLESS_GRACE: Type.Number({
    default: 30,
    minimum: 0,
    maximum: 3600,
    description: 'seconds that running downloads get to end after SIGTERM. Kubernetes kills after 30',
  }),
  PUSHLESS_LOG_LEVEL: Type.Enum([...LOG_LEVELS], {
    default: 'info',
    description:
      'debug, info, warn, error or silent, on standard output. At debug, expected failures have stacks',
  }),
  PUSHLESS_LOG_FORMAT: Type.Enum([...LOG_FORMATS], {
    default: 'auto',
    description:
      'json (one line each), pretty (lines for people), or auto: pretty on a terminal, and json everywhere else',
  }),
})

/** Settings that are words, separated by spaces. NixOS takes a list for each. */
export const WORD_LISTS: ReadonlySet<SettingName> = new Set([
  'PUSHLESS_HOSTS',
  'PUSHLESS_TRUSTED_PROXIES',
  'PUSHLESS_ALLOW_NAMES',
  'PUSHLESS_DENY_NAMES',
  'PUSHLESS_SYSTEMS',
  'PUSHLESS_REQUIRE_KEYS',
  'PUSHLESS_IMAGE_KEYS',
  'PUSHLESS_CACHES',
  'PUSHLESS_TRUSTED_KEYS',
])

/** Settings that name one file which the registry reads. NixOS can give the service a copy of each. */
export const FILES: ReadonlySet<SettingName> = new Set([
  'PUSHLESS_NETRC',
  'PUSHLESS_CACHE_CA',
  'PUSHLESS_TOKEN_FILE',
  'PUSHLESS_AUTH',
  'PUSHLESS_TLS_CERT',
  'PUSHLESS_TLS_KEY',
  'PUSHLESS_TLS_CLIENT_CA',
  'PUSHLESS_SIGNING_KEY',
])

/** Settings as they are given, with defaults: checked, not yet parsed. */
export type GivenSettings = Readonly<Static<typeof SETTINGS>>
export type SettingName = keyof GivenSettings

/** All names, in the order of the table. */
export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS.properties).filter(isSettingName)

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS.properties, name)
}
