/** Completions and the manual page, each made from the commands as they are. */
import type { Command } from 'commander'
import { EXAMPLES } from '../examples.ts'
import { bashCompletion } from './bash.ts'
import { commandTree, type CommandTree } from './command-tree.ts'
import { fishCompletion } from './fish.ts'
import { manualPage } from './manual-page.ts'
import type { Shell } from './shells.ts'
import { zshCompletion } from './zsh.ts'

const COMPLETIONS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Record<Shell, (tree: CommandTree) => string>

export function completion(program: Command, shell: Shell): string {
  return COMPLETIONS[shell](commandTree(program))
}

export function manualOf(program: Command, version: string): string {
  return manualPage(commandTree(program), { version, examples: EXAMPLES })
}
