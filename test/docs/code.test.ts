/** The code in README.md and docs/: Nix is evaluated, and commands of pushless have the options that they are given. */
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createProgram } from '../../src/cli/program.ts'
import { commandTree, placedCommands } from '../../src/cli/shell/command-tree.ts'
import { evaluateAll, root, withoutNix } from '../nix/nix-command.ts'

const pages = await Promise.all(
  (await Array.fromAsync(glob('{README.md,docs/*.md}', { cwd: root })))
    .toSorted()
    .map(async (page) => ({ page, text: await readFile(join(root, page), 'utf8') })),
)

void t.test('every block of Nix evaluates', { skip: withoutNix }, async (t) => {
  const blocks = pages.flatMap(({ page, text }) =>
    Array.from(text.matchAll(/^```nix\n([^]*?)^```$/gm), ([, code = '']) => ({ page, code })),
  )
  t.ok(blocks.length >= 6, `${blocks.length} blocks`)
  const values = await evaluateAll(
    blocks.map(
      ({ code }) => `builtins.typeOf (${code.replaceAll(/\.\/(nix|manifests)\b/g, `${root}$1`)}).drvPath`,
    ),
  )
  for (const [i, { page }] of blocks.entries()) t.equal(values[i], 'string', `${page}: ${i}`)
})

const program = createProgram({
  environment: {},
  isRoot: true,
  version: '0',
  library: root,
  exit: () => undefined,
})
const commands = placedCommands(commandTree(program))

/** The command that words name, and its options. */
function commandOf(words: readonly string[]) {
  const placed = commands.filter(({ path }) => path.every((name, i) => words[i] === name))
  return placed.reduce((deepest, one) => (one.path.length > deepest.path.length ? one : deepest))
}

void t.test('every command of pushless has the options that it is given', async (t) => {
  let count = 0
  for (const { page, text } of pages) {
    for (const [, line = ''] of text.matchAll(
      /(?:^ {4}|^|`|\| |&& |\$ )pushless ((?:[a-z]+|-)[^`|&#\n]*)/gm,
    )) {
      const words = line.trim().split(/\s+/)
      const { path, command } = commandOf(words)
      if (path.length === 0) continue
      count += 1
      const known = command.options.flatMap(({ long, short }) => [long, short, `--no-${long.slice(2)}`])
      const own =
        path[0] === 'manifests' && path.length === 1 ? commandOf(['manifests', 'apps']).command.options : []
      known.push(...own.flatMap(({ long, short }) => [long, short]), '--help')
      for (const word of words.filter((one) => /^--?[a-z]/.test(one)))
        t.ok(known.includes(word.split('=', 1)[0]), `${page}: pushless ${line}: ${word}`)
    }
  }
  t.ok(count >= 20, `${count} commands`)
})
