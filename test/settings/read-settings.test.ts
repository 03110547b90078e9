import t from 'tap'
import { awsEnvironment } from '../../src/store/cache/s3/aws-environment.ts'
import { parseSigningKey } from '../../src/core/nix/signature.ts'
import { parseCacheUrl } from '../../src/store/cache/binary-cache/cache-url.ts'
import { defaultState, readSettings } from '../../src/settings/read-settings.ts'
import { SETTING_FACTS, flagOf } from '../../src/settings/setting-facts.ts'
import { SETTINGS, type SettingName } from '../../src/settings/setting-table.ts'
import { listenText, type Settings } from '../../src/settings/settings.ts'

const DEFAULTS = {
  listen: { host: '127.0.0.1', port: 5000 },
  hosts: [],
  openOnLoopback: true,
  stateDirectory: '/var/lib/pushless',
  nix: 'auto',
  nriSocket: undefined,
  servePackages: false,
  partialIndex: true,
  holdMs: 20_000,
  waitMode: 'retry',
  buildsAtOnce: 2,
  fetchesAtOnce: 8,
  maxQueued: 100,
  workMs: 7_200_000,
  silentMs: 1_800_000,
  fetchBytes: 0,
  allowBuilds: undefined,
  buildersFile: undefined,
  allowUnsandboxedBuilds: false,
  denyFetches: false,
  allowNames: [],
  denyNames: [],
  systems: [],
  requiredKeys: [],
  imageSignatures: undefined,
  keepDays: 7,
  failureMs: 300_000,
  logBytes: 100e6,
  cacheBytes: 10e9,
  encodedBytes: 1e9,
  storeKind: 'daemon',
  caches: [parseCacheUrl('https://cache.nixos.org')],
  trustedKeys: [parseSigningKey('cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=')],
  cachesText: 'https://cache.nixos.org',
  trustedKeysText: 'cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=',
  requiresSignature: true,
  storeBytes: 20e9,
  netrcFile: undefined,
  authoritiesFile: undefined,
  builder: undefined,
  aws: awsEnvironment({}),
  tokenFile: undefined,
  anonymousPull: false,
  auditFile: undefined,
  traceEndpoint: undefined,
  traceRatio: 1,
  authFile: undefined,
  metricsListen: undefined,
  adminListen: undefined,
  trustedProxies: [],
  clientRequests: 1000,
  clientConnections: 1000,
  clientBytes: 200_000_000_000,
  clientWork: 50,
  tls: undefined,
  signingKey: undefined,
  supplier: undefined,
  advisories: undefined,
  nixCacheMode: 'off',
  pages: true,
  verify: false,
  compressionMode: 'auto',
  graceMs: 30_000,
  logLevel: 'info',
  logFormat: 'auto',
} as const

void t.test('without anything said, the defaults', async (t) => {
  const settings = readSettings({}, {}, true)
  t.strictSame({ ...settings }, DEFAULTS)
  t.ok(Object.isFrozen(settings))
  t.strictSame(
    { ...readSettings({}, { PATH: '/bin', PUSHLESSNESS: 'x', HOME: '/root' }, true) },
    { ...DEFAULTS, aws: awsEnvironment({ HOME: '/root' }) },
    'the rest of the environment is not looked at',
  )
})

void t.test('a variable that is no setting is an error, with the one that was meant', (t) => {
  for (const [name, meant] of [
    ['PUSHLESS_LISTN', 'PUSHLESS_LISTEN'],
    ['PUSHLESS_ALLOW_BUILD', 'PUSHLESS_ALLOW_BUILDS'],
    ['PUSHLESS_TOKENFILE', 'PUSHLESS_TOKEN_FILE'],
  ] as const) {
    const message = `${name}: no such setting, did you mean ${meant}?`
    t.throws(() => readSettings({}, { [name]: '1' }, true), { message }, name)
  }
  // As Kubernetes sets them beside Services that are called pushless and pushless-node.
  for (const name of [
    'PUSHLESS_SERVICE_HOST',
    'PUSHLESS_SERVICE_PORT',
    'PUSHLESS_SERVICE_PORT_HTTP',
    'PUSHLESS_PORT',
    'PUSHLESS_PORT_5000_TCP',
    'PUSHLESS_PORT_5000_TCP_ADDR',
    'PUSHLESS_NODE_SERVICE_HOST',
    'PUSHLESS_NODE_PORT_80_TCP_PROTO',
    'PUSHLESS_REGISTRY',
    'PUSHLESS_TEST_KUBERNETES',
  ])
    t.strictSame({ ...readSettings({}, { [name]: 'tcp://10.0.0.1:5000' }, true) }, DEFAULTS, name)
  t.end()
})

void t.test('settings that cannot be fulfilled together', async (t) => {
  for (const [given, message] of [
    [
      { PUSHLESS_STORE: 'cache', PUSHLESS_NIX_CACHE: 'write' },
      /--nix-cache .*write needs --store daemon or own/,
    ],
    [{ PUSHLESS_BUILDER: 'unix:/run/nix' }, /--builder .*is for --store cache alone/],
    [
      { PUSHLESS_STORE: 'cache', PUSHLESS_BUILDER: 'https://x' },
      /--builder .*https:\/\/x is no builder, expected/,
    ],
  ] as const)
    t.throws(() => readSettings(given, {}, true), { message })
  t.match(readSettings({ PUSHLESS_STORE: 'cache', PUSHLESS_BUILDER: 'unix:/run/nix' }, {}, true), {
    builder: { kind: 'socket', path: '/run/nix' },
  })
})

void t.test('every setting by flag and by environment, as text', async (t) => {
  for (const [name, text, expected] of [
    ['PUSHLESS_LISTEN', '0.0.0.0:80', { listen: { host: '0.0.0.0', port: 80 } }],
    ['PUSHLESS_LISTEN', '[::]:65535', { listen: { host: '::', port: 65_535 } }],
    ['PUSHLESS_LISTEN', 'localhost:0', { listen: { host: 'localhost', port: 0 } }],
    ['PUSHLESS_STATE', '/tmp/x', { stateDirectory: '/tmp/x' }],
    ['PUSHLESS_NIX', 'unix:/run/nix', { nix: 'unix:/run/nix' }],
    ['PUSHLESS_NIX', 'ssh host nix-daemon --stdio', { nix: 'ssh host nix-daemon --stdio' }],
    ['PUSHLESS_NIX', 'on', { nix: 'on' }],
    ['PUSHLESS_STATE', '1', { stateDirectory: '1' }],
    ['PUSHLESS_ZERO_COPY', 'true', { nriSocket: '/var/run/nri/nri.sock' }],
    ['PUSHLESS_ZERO_COPY', 'false', { nriSocket: undefined }],
    ['PUSHLESS_NRI_SOCKET', '/run/other.sock', { nriSocket: undefined }],
    ['PUSHLESS_SERVE_PACKAGES', 'true', { servePackages: true }],
    ['PUSHLESS_SERVE_PACKAGES', 'yes', { servePackages: true }],
    ['PUSHLESS_SERVE_PACKAGES', 'on', { servePackages: true }],
    ['PUSHLESS_SERVE_PACKAGES', '1', { servePackages: true }],
    ['PUSHLESS_VERIFY', 'true', { verify: true }],
    ['PUSHLESS_VERIFY', 'false', { verify: false }],
    ['PUSHLESS_VERIFY', 'no', { verify: false }],
    ['PUSHLESS_VERIFY', 'off', { verify: false }],
    ['PUSHLESS_VERIFY', '0', { verify: false }],
    ['PUSHLESS_HOLD', '0', { holdMs: 0 }],
    ['PUSHLESS_HOLD', '2.5', { holdMs: 2500 }],
    ['PUSHLESS_HOLD', '280', { holdMs: 280_000 }],
    ['PUSHLESS_GRACE', '3600', { graceMs: 3_600_000 }],
    ['PUSHLESS_ALLOW_BUILDS', 'on', { allowBuilds: true }],
    ['PUSHLESS_KEEP', '0.5', { keepDays: 0.5 }],
    ['PUSHLESS_LOG_SIZE', '2', { logBytes: 2e6 }],
    ['PUSHLESS_CACHE_SIZE', '0', { cacheBytes: 0 }],
    ['PUSHLESS_ENCODED_SIZE', '0', { encodedBytes: 0 }],
    ['PUSHLESS_FETCH_SIZE', '1.5', { fetchBytes: 1.5e6 }],
    ['PUSHLESS_TOKEN_FILE', '/run/token', { tokenFile: '/run/token' }],
    ['PUSHLESS_SYSTEMS', 'x86_64-linux, aarch64-linux', { systems: ['x86_64-linux', 'aarch64-linux'] }],
    ['PUSHLESS_COMPRESSION', 'zstd', { compressionMode: 'zstd' }],
    ['PUSHLESS_COMPRESSION', 'gzip', { compressionMode: 'gzip' }],
    ['PUSHLESS_COMPRESSION', 'none', { compressionMode: 'none' }],
    ['PUSHLESS_LOG_LEVEL', 'silent', { logLevel: 'silent' }],
    ['PUSHLESS_LOG_FORMAT', 'pretty', { logFormat: 'pretty' }],
  ] as const satisfies readonly (readonly [SettingName, string, Partial<Settings>])[]) {
    t.strictSame(
      { ...readSettings({ [name]: text }, {}, true) },
      { ...DEFAULTS, ...expected },
      `${flagOf(name)} ${text}`,
    )
    t.strictSame(
      { ...readSettings({}, { [name]: text }, true) },
      { ...DEFAULTS, ...expected },
      `${name}=${text}`,
    )
  }
  t.equal(readSettings({ PUSHLESS_VERIFY: true }, {}, true).verify, true, 'a switch that is there')
})

void t.test('a flag goes before the environment; what is empty is as good as not said', async (t) => {
  t.equal(readSettings({ PUSHLESS_HOLD: '1' }, { PUSHLESS_HOLD: '2' }, true).holdMs, 1000)
  t.equal(readSettings({ PUSHLESS_HOLD: undefined }, { PUSHLESS_HOLD: '2' }, true).holdMs, 2000)
  t.equal(readSettings({}, { PUSHLESS_HOLD: '' }, true).holdMs, 20_000)
})

void t.test('a bad value names the flag and the variable', async (t) => {
  for (const [name, text] of [
    ['PUSHLESS_LISTEN', '5000'],
    ['PUSHLESS_LISTEN', ':5000'],
    ['PUSHLESS_LISTEN', 'localhost:http'],
    ['PUSHLESS_LISTEN', 'localhost:65536'],
    ['PUSHLESS_LISTEN', 'localhost:99999'],
    ['PUSHLESS_LISTEN', 'localhost:-1'],
    ['PUSHLESS_ZERO_COPY', 'maybe'],
    ['PUSHLESS_NRI_SOCKET', 'relative.sock'],
    ['PUSHLESS_SERVE_PACKAGES', 'maybe'],
    ['PUSHLESS_SERVE_PACKAGES', '2'],
    ['PUSHLESS_HOLD', 'long'],
    ['PUSHLESS_HOLD', '-1'],
    ['PUSHLESS_HOLD', '281'],
    ['PUSHLESS_HOLD', '20s'],
    ['PUSHLESS_VERIFY', 'nope'],
    ['PUSHLESS_COMPRESSION', 'brotli'],
    ['PUSHLESS_GRACE', '3601'],
    ['PUSHLESS_LOG_LEVEL', 'loud'],
    ['PUSHLESS_LOG_FORMAT', 'xml'],
  ] as const satisfies readonly (readonly [SettingName, string])[]) {
    for (const [flags, environment] of [
      [{ [name]: text }, {}],
      [{}, { [name]: text }],
    ]) {
      const message = new RegExp(`${flagOf(name)} \\(${name}\\): must`)
      t.throws(
        () => readSettings(flags ?? {}, environment ?? {}, true),
        { name: 'Error', message },
        `${name}=${text}`,
      )
    }
  }
})

void t.test('where state is kept', async (t) => {
  for (const [environment, isRoot, expected] of [
    [{}, true, '/var/lib/pushless'],
    [{ HOME: '/root', XDG_STATE_HOME: '/x' }, true, '/var/lib/pushless'],
    [{ HOME: '/home/me' }, false, '/home/me/.local/state/pushless'],
    [{ HOME: '/home/me', XDG_STATE_HOME: '/x' }, false, '/x/pushless'],
    [{}, false, '.local/state/pushless'],
  ] as const) {
    t.equal(defaultState(environment, isRoot), expected)
    t.equal(readSettings({}, environment, isRoot).stateDirectory, expected)
  }
})

void t.test('every setting has a flag, a description and a default that people can read', async (t) => {
  t.strictSame(
    SETTING_FACTS.map(({ name }) => name),
    Object.keys(SETTINGS.properties),
  )
  const flags = new Set(SETTING_FACTS.map(({ flag }) => flag))
  t.equal(flags.size, SETTING_FACTS.length, 'no flag is two settings')
  for (const { name, flag, description, default: preset } of SETTING_FACTS) {
    t.match(flag, /^--[a-z]+(-[a-z]+)*$/, name)
    t.ok(description.length > 20, `${name}: description`)
    t.ok(preset.length > 0 && preset !== 'undefined', `${name}: default`)
  }
  const switches = Object.entries(DEFAULTS).filter(([, preset]) => typeof preset === 'boolean')
  const isOptional = 1
  // --require-image-signature is one value with its keys and its directory, and --zero-copy with its socket.
  const isPartOfAnother = 2
  t.equal(
    SETTING_FACTS.filter(({ isSwitch }) => isSwitch).length,
    switches.length + isOptional + isPartOfAnother,
  )
  t.equal(flagOf('PUSHLESS_LOG_LEVEL'), '--log-level')
})

const hosts = (text: string) => readSettings({ PUSHLESS_HOSTS: text }, {}, true).hosts

void t.test('lists are parsed word by word', async (t) => {
  t.strictSame(hosts('Registry.Example:5000  *.below.example, *'), [
    { kind: 'exact', name: 'registry.example' },
    { kind: 'below', suffix: '.below.example' },
    { kind: 'any' },
  ])
  for (const text of ['http://registry.example', 'a*b', 'a b@c'])
    t.throws(() => hosts(text), { message: /--hosts \(PUSHLESS_HOSTS\): .* is no host name, expected/ }, text)
  const { allowNames } = readSettings({ PUSHLESS_ALLOW_NAMES: 'web-* api' }, {}, true)
  t.strictSame(
    allowNames.map(({ text }) => text),
    ['web-*', 'api'],
  )
  t.throws(() => readSettings({ PUSHLESS_REQUIRE_KEYS: 'cache:abc' }, {}, true), {
    message: /--require-keys \(PUSHLESS_REQUIRE_KEYS\): cache:abc is no key/,
  })
})

void t.test('an address to listen on is written as it was given', async (t) => {
  for (const text of ['127.0.0.1:5000', '[::1]:80', 'localhost:0'])
    t.equal(listenText(readSettings({ PUSHLESS_LISTEN: text }, {}, true).listen), text)
})

const tlsOf = (given: Readonly<Record<string, string>>) => readSettings(given, {}, true).tls

void t.test(
  'TLS needs a certificate and its key, and clients are asked where there is an authority',
  async (t) => {
    const [cert, key, ca] = [
      { PUSHLESS_TLS_CERT: '/c' },
      { PUSHLESS_TLS_KEY: '/k' },
      { PUSHLESS_TLS_CLIENT_CA: '/ca' },
    ] as const
    const pair = { certFile: '/c', keyFile: '/k' }
    const without = { ...pair, clientCaFile: undefined, clientAuth: 'off' }
    t.equal(tlsOf({}), undefined)
    t.equal(tlsOf({ PUSHLESS_TLS_CLIENT_AUTH: 'required' }), undefined, 'the default, written out')
    t.strictSame(tlsOf({ ...cert, ...key }), without)
    for (const clientAuth of ['required', 'optional'] as const) {
      const expected = { ...pair, clientCaFile: '/ca', clientAuth }
      t.strictSame(tlsOf({ ...cert, ...key, ...ca, PUSHLESS_TLS_CLIENT_AUTH: clientAuth }), expected)
    }
    t.match(tlsOf({ ...cert, ...key, ...ca }), { clientAuth: 'required' })
    t.strictSame(tlsOf({ ...cert, ...key, ...ca, PUSHLESS_TLS_CLIENT_AUTH: 'off' }), without)
    for (const [given, message] of [
      [cert, '--tls-key (PUSHLESS_TLS_KEY): must be set with --tls-cert'],
      [key, '--tls-cert (PUSHLESS_TLS_CERT): must be set with --tls-key'],
      [ca, '--tls-cert (PUSHLESS_TLS_CERT): must be set with --tls-client-ca'],
      [{ ...cert, ...ca }, '--tls-key (PUSHLESS_TLS_KEY): must be set with --tls-cert'],
    ] as const)
      t.throws(() => tlsOf(given), { message }, message)
  },
)
