import { CommanderError } from 'commander'
import t from 'tap'
import { SETTING_FACTS } from '../../src/settings/setting-facts.ts'
import { createProgram } from '../../src/cli/create-program.ts'
import { plainSwitches } from '../../src/cli/switches.ts'

/** Nothing that is run here may get as far as to serve: the state directory can't be made. */
const NOWHERE = '/dev/null/state'

async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const heard = { out: '', error: '' }
  const program = createProgram({
    environment: { PUSHLESS_STATE: NOWHERE, ...environment },
    isRoot: true,
    version: '1.2.3',
    library: '.',
    exit: () => undefined,
  })
  for (const command of [program, ...program.commands]) {
    command.configureOutput({
      writeOut: (text) => (heard.out += text),
      writeErr: (text) => (heard.error += text),
      getOutHelpWidth: () => 10_000,
      getErrHelpWidth: () => 10_000,
    })
  }
  const parse = async () => program.parseAsync(plainSwitches(program, args), { from: 'user' })
  const failure: unknown = await parse().then(
    () => undefined,
    (error: unknown) => error,
  )
  const given = program.commands.find((command) => command.name() === args[0])?.opts() ?? {}
  return {
    given,
    ...heard,
    failure,
    code: failure instanceof CommanderError ? failure.code : undefined,
  }
}

void t.test('version and help', async (t) => {
  t.match(await run(['--version']), { out: '1.2.3\n', code: 'commander.version' })
  const { out, code } = await run(['--help'])
  t.equal(code, 'commander.helpDisplayed')
  t.match(out, /serve/)
  t.match(out, /inspect/)
})

void t.test('the help of serve has every setting: its flag, variable, meaning and default', async (t) => {
  const { out } = await run(['serve', '--help'])
  for (const { name, flag, isSwitch, description, default: preset } of SETTING_FACTS) {
    t.ok(out.includes(isSwitch ? `${flag} ` : `${flag} <value>`), flag)
    t.ok(out.includes(`${description} (${name}; default: ${preset})`), name)
  }
})

void t.test('the help of inspect has what it takes, and no more', async (t) => {
  const { out } = await run(['inspect', '--help'])
  for (const flag of ['--json', '--state', '--nix', '--serve-packages']) t.ok(out.includes(flag), flag)
  for (const flag of ['--listen', '--grace', '--hold']) t.notOk(out.includes(flag), flag)
})

void t.test('the help of export has its formats, and what may be made for it', async (t) => {
  const { out } = await run(['export', '--help'])
  for (const word of [
    'docker-archive',
    'oci-archive',
    '--output',
    '--name',
    '--force',
    '--allow-builds',
    '--verify',
  ])
    t.ok(out.includes(word), word)
  t.notOk(out.includes('--listen'))
})

void t.test('unknown arguments are errors that name them', async (t) => {
  for (const [args, code, message] of [
    [['serve', '--port', '80'], 'commander.unknownOption', /--port/],
    [['serve', '--listn', 'x'], 'commander.unknownOption', /--listn.*\n.*--listen/],
    [['serve', '--state'], 'commander.optionMissingArgument', /--state/],
    [['serve', 'extra'], 'commander.excessArguments', /too many arguments/],
    [['inspect'], 'commander.missingArgument', /ref/],
    [['inspect', 'a', 'b'], 'commander.excessArguments', /too many arguments/],
    [['inspect', '--listen', 'x', 'a'], 'commander.unknownOption', /--listen/],
    [['export'], 'commander.missingArgument', /ref/],
    [['export', '--format', 'tar', 'a'], 'commander.invalidArgument', /docker-archive/],
    [['graph', '--format', 'png', 'a'], 'commander.invalidArgument', /tree, svg, dot, json/],
    [['why', 'a'], 'commander.missingArgument', /component/],
    [['top', '--sort', 'name', 'a'], 'commander.invalidArgument', /dominated, own, closure, users/],
    [['diff'], 'commander.missingArgument', /before/],
    [['licences', '--deny', 'GPL*'], 'commander.missingArgument', /ref/],
    [['push'], 'commander.unknownCommand', /push/],
    [['--unknown'], 'commander.unknownOption', /--unknown/],
  ] as const) {
    const { error, code: found } = await run(args)
    t.equal(found, code, args.join(' '))
    t.match(error, message, args.join(' '))
  }
})

void t.test('a bad setting ends the command before anything is begun', async (t) => {
  for (const [args, environment, message] of [
    [['serve', '--hold', 'long'], {}, '--hold (PUSHLESS_HOLD): must be number'],
    [['serve'], { PUSHLESS_HOLD: 'long' }, '--hold (PUSHLESS_HOLD): must be number'],
    [['serve', '--compression', 'brotli'], {}, '--compression (PUSHLESS_COMPRESSION): must'],
    [['serve'], { PUSHLESS_HODL: '1' }, 'PUSHLESS_HODL: no such setting, did you mean PUSHLESS_HOLD?'],
    [['serve', '--verify=maybe'], {}, '--verify=maybe: expected one of on, off, true, false'],
    [['export', '--force=2', 'x'], {}, '--force=2: expected one of on, off, true, false'],
    [
      ['inspect', 'x'],
      { PUSHLESS_VERIFY: 'maybe' },
      '--verify (PUSHLESS_VERIFY): must be one of on, off, true, false',
    ],
  ] as const) {
    const { failure } = await run(args, environment)
    t.ok(failure instanceof Error && failure.message.includes(message), args.join(' '))
  }
})

/** Settings that a switch needs beside it, where it is on. */
const BESIDE = { PUSHLESS_IMAGE_SIGNATURES: 'signatures', PUSHLESS_IMAGE_KEYS: 'key.pub' }

void t.test('every switch of serve takes each form', async (t) => {
  for (const { flag, isSwitch } of SETTING_FACTS) {
    if (!isSwitch) continue
    const name = flag.slice(2).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
    const bare = flag.slice(2)
    for (const [words, expected] of [
      [[flag], true],
      [[`--no-${bare}`], false],
      ...['on', 'true', 'yes', '1'].map((word) => [[`${flag}=${word}`], true] as const),
      ...['off', 'false', 'no', '0'].map((word) => [[`${flag}=${word}`], false] as const),
      [[flag, 'on'], true],
      [[flag, 'off'], false],
      [[flag, 'off', flag], true],
    ] as const) {
      const { given, failure } = await run(['serve', ...words], BESIDE)
      t.equal(given[name], expected, words.join(' '))
      t.match(failure, { kind: 'unavailable' }, 'and serve begins')
    }
  }
  t.match(
    (await run(['serve', '--help'])).out,
    /switches: --x, --no-x, or --x= and one of on, off, true, false/,
  )
})

void t.test('switches of other commands take the forms that no argument can be', async (t) => {
  for (const [args, name, expected] of [
    [['export', '--force=off', NOWHERE], 'force', false],
    [['export', '--force=on', NOWHERE], 'force', true],
    [['export', '--no-quiet', NOWHERE], 'quiet', false],
    [['inspect', '--json=on', NOWHERE], 'json', true],
    [['inspect', '--no-json', NOWHERE], 'json', false],
    [['inspect', '--json', 'off'], 'json', true],
    [['warm', '--allow-empty=true', NOWHERE], 'allowEmpty', true],
  ] as const)
    t.equal((await run(args)).given[name], expected, args.join(' '))
  const { failure } = await run(['inspect', '--', '--json=maybe'])
  t.match(failure, { message: 'not an image: --json=maybe' }, 'behind -- all words are arguments')
})

void t.test('flags reach the command, in kebab-case, before the environment', async (t) => {
  // The first thing that serve does is to make the state directory, and its error names it.
  for (const [args, environment, directory] of [
    [['serve', '--log-level', 'silent'], {}, NOWHERE],
    [['serve', '--log-level', 'silent', '--state', '/dev/null/flag'], {}, '/dev/null/flag'],
    [
      ['serve', '--log-level=silent', '--state=/dev/null/flag', '--serve-packages', '--verify'],
      { PUSHLESS_STATE: '/dev/null/environment' },
      '/dev/null/flag',
    ],
    [
      ['inspect', `nix.internal/nix/store/${'0'.repeat(32)}`],
      { PUSHLESS_STATE: '/dev/null/environment' },
      '/dev/null/environment',
    ],
  ] as const) {
    const { failure } = await run(args, environment)
    t.match(
      failure,
      {
        name: 'RegistryError',
        kind: 'unavailable',
        message: new RegExp(`state database ${directory}/index.sqlite`),
      },
      args.join(' '),
    )
  }
})

void t.test('inspect refuses what is no image before it opens anything', async (t) => {
  const { failure } = await run(['inspect', 'nginx:latest'])
  t.match(failure, { name: 'RegistryError', kind: 'name-invalid', message: 'not an image: nginx:latest' })
})
