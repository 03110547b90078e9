/** The examples, built by the commands that stand at their heads, word by word; their <nixpkgs> is a stub. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { execa } from 'execa'
import { root } from '../nix/nix-command.ts'
import { helm } from '../support/helm.ts'
import { nixEnv } from '../support/nix.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const TIME_LIMIT_MS = 120_000

const env = {
  ...nixEnv,
  NIX_PATH: `nixpkgs=${root}test/examples/stub-nixpkgs`,
  STUB_NODE: execPath,
  STUB_MAIN: `${root}dist/main.js`,
  STUB_HELM: helm,
}

/** The commands at the head of the example's file, without what is said of them beside. */
export async function commandsOf(file: string): Promise<string[]> {
  const text = await readFile(`${root}examples/${file}`, 'utf8')
  const head = text.slice(0, text.search(/^(?!#)/m))
  return [...head.matchAll(/^# {3}(\S.*)$/gm)].map(([, line = '']) => line.replace(/ {2,}.*$/, ''))
}

/**
 * Runs a `nix build … -o result` of the repository's root; its link is made elsewhere.
 * @returns the link. @throws with what Nix says
 */
export async function runBuild(scope: Scope, command: string): Promise<string> {
  const link = join(await temporaryDirectory(scope, 'example'), 'result')
  const [program = '', ...args] = command.split(' ')
  const words = args.at(-2) === '-o' ? args.slice(0, -2) : args
  await execa(program, [...words, '-o', link], { cwd: root, env, stdin: 'ignore', timeout: TIME_LIMIT_MS })
  return link
}

/** What the first command of the example makes. */
export async function buildExample(scope: Scope, name: string): Promise<string> {
  const [build = ''] = await commandsOf(`${name}/default.nix`)
  return runBuild(scope, build)
}
