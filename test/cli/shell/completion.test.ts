import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { createProgram } from '../../../src/cli/create-program.ts'
import { completion, manualOf } from '../../../src/cli/shell/completion.ts'
import { SHELLS, type Shell } from '../../../src/cli/shell/shells.ts'
import { missing } from '../../support/requirement.ts'

const program = createProgram({
  environment: {},
  isRoot: true,
  version: '1.2.3',
  library: '/',
  exit: () => undefined,
})

/** The words that a shell offers at the end of a line. */
const OFFERS = {
  bash: async (file: string, line: string) => {
    const script = `source ${file}
      COMP_WORDS=("\${@}"); COMP_CWORD=$(( $# - 1 )); _pushless; printf '%s\\n' "\${COMPREPLY[@]}"`
    return run('bash', ['-c', script, ...wordsOf(line).slice(0, 1), ...wordsOf(line)])
  },
  zsh: async (file: string, line: string) => {
    // Outside of its line editor zsh completes nothing, so its own functions are replaced by ones that print.
    const script = `compdef() { }; _describe() { print -l -- \${(P)@[-1]%%:*} }; compadd() { print -l -- \${@:#--} }; _files() { }
      words=("\${@}"); CURRENT=$#; source ${file}; _pushless; true`
    return run('zsh', ['-fc', script, 'zsh', ...wordsOf(line)])
  },
  fish: async (file: string, line: string) => {
    const offered = await run('fish', [
      '--no-config',
      '-c',
      `source ${file}; complete -C ${JSON.stringify(line)}`,
    ])
    return offered.map((word) => word.split('\t', 1)[0] ?? '')
  },
} as const satisfies Record<Shell, unknown>

const wordsOf = (line: string) => line.split(' ')

async function run(command: string, args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await execa(command, args, { timeout: 20_000 })
  return stdout.split('\n')
}

async function fileFor(t: Test, shell: Shell): Promise<string> {
  const file = join(t.testdir(), `pushless.${shell}`)
  await writeFile(file, completion(program, shell))
  return file
}

for (const shell of SHELLS) {
  void t.test(`${shell} completes`, { skip: missing(shell) }, async (t) => {
    const file = await fileFor(t, shell)
    for (const [line, offered, others] of [
      ['pushless ', ['serve', 'manifests', 'completion'], ['check']],
      ['pushless manifests ', ['apps', 'check', 'rewrite'], ['serve']],
      ['pushless serve --l', ['--listen', '--log-level'], []],
      ['pushless manifests check --', ['--strict', '--kubernetes'], ['--listen']],
      ['pushless export --format ', ['oci', 'docker-archive'], ['--gzip']],
      ['pushless completion ', ['bash', 'zsh', 'fish'], []],
    ] as const) {
      const words = await OFFERS[shell](file, line)
      for (const word of offered) t.ok(words.includes(word), `${line}: ${word} in ${words.join(' ')}`)
      for (const word of others) t.notOk(words.includes(word), `${line}: no ${word}`)
    }
  })
}

void t.test('the manual page has every command and option', async (t) => {
  const page = manualOf(program, '1.2.3')
  t.match(page, /^\.TH PUSHLESS 1 "" "pushless 1\.2\.3"/)
  for (const text of ['.SS pushless serve', '.SS pushless manifests check', String.raw`\fB\-\-log\-level\fR`])
    t.ok(page.includes(text), text)
  t.notMatch(page, /^(?:\.(?![A-Z]{1,2}\b|br$)|')/m, 'no line is a request by accident')
})

void t.test('groff formats the manual page without a warning', { skip: missing('groff') }, async (t) => {
  const { stdout, stderr } = await execa('groff', ['-man', '-Tascii', '-ww', '-P-cbou'], {
    input: manualOf(program, '1.2.3'),
    timeout: 20_000,
  })
  t.equal(stderr, '')
  t.match(stdout, /--log-level <value>/)
})
