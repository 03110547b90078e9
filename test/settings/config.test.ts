import t from 'tap'
import { SETTING_FACTS, defaultState, flagOf, readSettings } from '../../src/settings/config.ts'
import { SETTINGS, type SettingName } from '../../src/settings/settings.ts'

const DEFAULTS = {
  PUSHLESS_LISTEN: '127.0.0.1:5000',
  PUSHLESS_HOSTS: '',
  PUSHLESS_OPEN_ON_LOOPBACK: true,
  PUSHLESS_STATE: '/var/lib/pushless',
  PUSHLESS_NIX: 'auto',
  PUSHLESS_SERVE_PACKAGES: false,
  PUSHLESS_PARTIAL_INDEX: true,
  PUSHLESS_HOLD: 20,
  PUSHLESS_WAIT: 'retry',
  PUSHLESS_BUILDS: 2,
  PUSHLESS_FETCHES: 8,
  PUSHLESS_QUEUE: 100,
  PUSHLESS_WORK_TIME: 7200,
  PUSHLESS_SILENT_TIME: 1800,
  PUSHLESS_FETCH_SIZE: 0,
  PUSHLESS_DENY_FETCHES: false,
  PUSHLESS_ALLOW_NAMES: '',
  PUSHLESS_DENY_NAMES: '',
  PUSHLESS_SYSTEMS: '',
  PUSHLESS_REQUIRE_KEYS: '',
  PUSHLESS_KEEP: 7,
  PUSHLESS_FAILURE_TIME: 300,
  PUSHLESS_LOG_SIZE: 100,
  PUSHLESS_CACHE_SIZE: 10_000,
  PUSHLESS_TOKEN_FILE: '',
  PUSHLESS_NIX_CACHE: 'off',
  PUSHLESS_VERIFY: false,
  PUSHLESS_COMPRESSION: 'auto',
  PUSHLESS_GRACE: 30,
  PUSHLESS_LOG_LEVEL: 'info',
  PUSHLESS_LOG_FORMAT: 'auto',
}

void t.test('without anything said, the defaults', async (t) => {
  const settings = readSettings({}, {}, true)
  t.strictSame({ ...settings }, DEFAULTS)
  t.ok(Object.isFrozen(settings))
  t.strictSame(
    { ...readSettings({}, { PATH: '/bin', PUSHLESSNESS: 'x', HOME: '/root' }, true) },
    DEFAULTS,
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

void t.test('every setting by flag and by environment, as text', async (t) => {
  for (const [name, text, expected] of [
    ['PUSHLESS_LISTEN', '0.0.0.0:80', '0.0.0.0:80'],
    ['PUSHLESS_LISTEN', '[::]:65535', '[::]:65535'],
    ['PUSHLESS_LISTEN', 'localhost:0', 'localhost:0'],
    ['PUSHLESS_STATE', '/tmp/x', '/tmp/x'],
    ['PUSHLESS_NIX', 'unix:/run/nix', 'unix:/run/nix'],
    ['PUSHLESS_NIX', 'ssh host nix-daemon --stdio', 'ssh host nix-daemon --stdio'],
    ['PUSHLESS_NIX', 'on', 'on'],
    ['PUSHLESS_STATE', '1', '1'],
    ['PUSHLESS_SERVE_PACKAGES', 'true', true],
    ['PUSHLESS_SERVE_PACKAGES', 'yes', true],
    ['PUSHLESS_SERVE_PACKAGES', 'on', true],
    ['PUSHLESS_SERVE_PACKAGES', '1', true],
    ['PUSHLESS_VERIFY', 'true', true],
    ['PUSHLESS_VERIFY', 'false', false],
    ['PUSHLESS_VERIFY', 'no', false],
    ['PUSHLESS_VERIFY', 'off', false],
    ['PUSHLESS_VERIFY', '0', false],
    ['PUSHLESS_HOLD', '0', 0],
    ['PUSHLESS_HOLD', '2.5', 2.5],
    ['PUSHLESS_HOLD', '280', 280],
    ['PUSHLESS_GRACE', '3600', 3600],
    ['PUSHLESS_COMPRESSION', 'zstd', 'zstd'],
    ['PUSHLESS_COMPRESSION', 'gzip', 'gzip'],
    ['PUSHLESS_COMPRESSION', 'none', 'none'],
    ['PUSHLESS_LOG_LEVEL', 'silent', 'silent'],
    ['PUSHLESS_LOG_FORMAT', 'pretty', 'pretty'],
  ] as const satisfies readonly (readonly [SettingName, string, unknown])[]) {
    t.strictSame(
      { ...readSettings({ [name]: text }, {}, true) },
      { ...DEFAULTS, [name]: expected },
      `${flagOf(name)} ${text}`,
    )
    t.strictSame(
      { ...readSettings({}, { [name]: text }, true) },
      { ...DEFAULTS, [name]: expected },
      `${name}=${text}`,
    )
  }
  t.equal(readSettings({ PUSHLESS_VERIFY: true }, {}, true).PUSHLESS_VERIFY, true, 'a switch that is there')
})

void t.test('a flag goes before the environment; what is empty is as good as not said', async (t) => {
  t.equal(readSettings({ PUSHLESS_HOLD: '1' }, { PUSHLESS_HOLD: '2' }, true).PUSHLESS_HOLD, 1)
  t.equal(readSettings({ PUSHLESS_HOLD: undefined }, { PUSHLESS_HOLD: '2' }, true).PUSHLESS_HOLD, 2)
  t.equal(readSettings({}, { PUSHLESS_HOLD: '' }, true).PUSHLESS_HOLD, 20)
})

void t.test('a bad value names the flag and the variable', async (t) => {
  for (const [name, text] of [
    ['PUSHLESS_LISTEN', '5000'],
    ['PUSHLESS_LISTEN', ':5000'],
    ['PUSHLESS_LISTEN', 'localhost:http'],
    ['PUSHLESS_LISTEN', 'localhost:65536'],
    ['PUSHLESS_LISTEN', 'localhost:99999'],
    ['PUSHLESS_LISTEN', 'localhost:-1'],
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
    t.equal(readSettings({}, environment, isRoot).PUSHLESS_STATE, expected)
  }
})

void t.test('every setting has a flag, a description and a default that people can read', async (t) => {
  t.strictSame(
    SETTING_FACTS.map(({ name }) => name),
    Object.keys(SETTINGS.properties),
  )
  const flags = new Set(SETTING_FACTS.map(({ flag }) => flag))
  t.equal(flags.size, SETTING_FACTS.length, 'no flag is two settings')
  for (const { name, flag, isSwitch, description, default: preset } of SETTING_FACTS) {
    t.match(flag, /^--[a-z]+(-[a-z]+)*$/, name)
    t.ok(description.length > 20, `${name}: description`)
    t.ok(preset.length > 0 && preset !== 'undefined', `${name}: default`)
    const hasDefault = name !== 'PUSHLESS_ALLOW_BUILDS'
    t.equal(isSwitch, !hasDefault || typeof DEFAULTS[name] === 'boolean', name)
  }
  t.equal(flagOf('PUSHLESS_LOG_LEVEL'), '--log-level')
})
