/** Every command of pushless in the documentation is one that the command line takes: its flags, values and arguments. */
import t from 'tap'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/create-program.ts'
import { plainSwitches } from '../../src/cli/switches.ts'
import { readSettings } from '../../src/settings/read-settings.ts'
import { SETTING_FACTS } from '../../src/settings/setting-facts.ts'
import { blocksOf, codeSpansOf, commandsIn, readPages } from './pages.ts'
import { shellCommands } from './shell-commands.ts'

/** How the program is called in a shell, beside its own name. */
const CALLS: readonly (readonly string[])[] = [
  ['npm', 'run', '--silent', 'pushless', '--'],
  ['nix', 'run', '.', '--'],
  ['pushless'],
]

/** Options of other programs, in prose. */
const FOREIGN_OPTIONS: ReadonlySet<string> = new Set([
  '--cert-dir', // podman
  '--custom-ca-trust-certificates', // az
  '--help', // of every command here, without being declared
  '--disable-default-registry-endpoint', // k3s
  '--image-credential-provider-bin-dir', // kubelet
  '--image-credential-provider-config', // kubelet
  '--insecure-ignore-tlog', // cosign
  '--option', // nix
  '--tar', // mkfs.erofs
  '--sidecar', // of a container in an example
  '--tmpfs', // docker
])

const pages = await readPages()

void t.test('commands in blocks', async (t) => {
  let count = 0
  for (const { name, text } of pages)
    for (const block of blocksOf(text))
      for (const command of commandsIn(block))
        for (const words of shellCommands(command.text)) {
          const args = argumentsOf(words)
          if (args === undefined) continue
          count += 1
          t.equal(objection(args), undefined, `${name}:${command.line}: ${words.join(' ')}`)
        }
  t.ok(count >= 20, `${count} commands`)
})

void t.test('commands in prose', async (t) => {
  let count = 0
  for (const { name, text } of pages)
    for (const span of codeSpansOf(text)) {
      if (!/^pushless [a-z]/.test(span)) continue
      count += 1
      for (const words of shellCommands(span.replaceAll(/<[a-z ]+>|…|\.\.\.$/g, 'X')))
        if (words[0] === 'pushless' && !isNameOfCommand(words))
          t.equal(objection(words.slice(1)), undefined, `${name}: ${span}`)
    }
  t.ok(count > 10, `${count} commands`)
})

void t.test('options in prose', async (t) => {
  const known = new Set(
    allCommands(program(() => undefined)).flatMap((command) => command.options.map(({ long }) => long)),
  )
  const used = new Set<string>()
  for (const { name, text } of pages)
    for (const span of codeSpansOf(text)) {
      const [long = ''] = /^--[a-z][a-z0-9-]*/.exec(span) ?? []
      if (long === '' || known.has(long)) continue
      if (FOREIGN_OPTIONS.has(long)) used.add(long)
      else t.fail(`${name}: ${span} is no option of pushless`)
    }
  t.strictSame(
    [...FOREIGN_OPTIONS].filter((option) => !used.has(option)),
    [],
    'none is listed in vain',
  )
})

void t.test('settings in prose and in blocks', async (t) => {
  const known = new Set<string>([...SETTING_FACTS.map(({ name }) => name), 'PUSHLESS_REGISTRY'])
  for (const { name, text } of pages)
    // What the tests and the bench read isn't a setting.
    for (const [variable] of text.matchAll(/\bPUSHLESS_(?!TEST_|BENCH_)[A-Z_]+/g))
      t.ok(known.has(variable), `${name}: ${variable}`)
})

void t.test('what the command line doesn’t take is found', (t) => {
  t.match(objection(['serve', '--listn', 'x']), /unknown option '--listn'/)
  t.match(objection(['serve', '--hold', 'long']), /--hold .*must be number/)
  t.match(objection(['export', '--format', 'tar', 'x']), /'tar' is invalid/)
  t.match(objection(['push', 'x']), /unknown command/)
  t.match(objection(['manifests', 'check', '--shema', 'a', 'b']), /--shema/)
  t.equal(objection(['manifests', 'check', '--no-registry', 'b']), undefined)
  t.strictSame(shellCommands(`a --b 'c d' | e "f"g 2>&1 >h && X=1 i $(j k) # l\nm \\\n n`), [
    ['j', 'k'],
    ['a', '--b', 'c d'],
    ['e', 'fg'],
    ['X=1', 'i', 'substituted'],
    ['m', 'n'],
  ])
  t.end()
})

/** The arguments of pushless, if it is what these words call. */
function argumentsOf(words: readonly string[]): readonly string[] | undefined {
  const plain = words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word)))
  const call = CALLS.find((begin) => begin.every((word, i) => plain[i] === word))
  return call === undefined ? undefined : plain.slice(call.length)
}

/** `pushless manifests check`, without what it takes. */
function isNameOfCommand(words: readonly string[]): boolean {
  return (
    words.every((word) => /^[a-z]+$/.test(word)) &&
    allCommands(program(() => undefined)).some((command) => command.name() === words.at(-1))
  )
}

/** Why the command line refuses arguments, or undefined. Nothing is carried out. */
function objection(args: readonly string[]): string | undefined {
  let reason: string | undefined
  const one = program((text) => (reason ??= text))
  try {
    one.parse([...plainSwitches(one, args)], { from: 'user' })
  } catch (error) {
    // Help and version end a command by an error, too.
    if (
      !String(error instanceof Error ? error.message : error).startsWith('(output') &&
      !args.includes('--version')
    )
      reason ??= error instanceof Error ? error.message : String(error)
  }
  return reason?.trim()
}

/** The program, whose commands only read their settings. */
function program(onError: (text: string) => void): Command {
  const facts = { environment: {}, isRoot: true, version: '0', library: '.', exit: () => undefined }
  const one = createProgram(facts)
  for (const command of allCommands(one)) {
    command.configureOutput({ writeOut: () => undefined, writeErr: onError })
    if (command.commands.length > 0) continue
    command.action((...all: unknown[]) => {
      const options = all.at(-2)
      const given = new Map<string, unknown>(
        Object.entries(typeof options === 'object' && options !== null ? options : {}),
      )
      // Commands that ask a registry or a cluster have flags of their own, and no settings.
      if (command.options.some(({ long }) => long === '--registry' || long === '--context')) return
      const flags = SETTING_FACTS.map(({ name, flag }) => [
        name,
        given.get(flag.slice(2).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())),
      ])
      readSettings(Object.fromEntries(flags), {}, true)
    })
  }
  return one
}

function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)]
}
