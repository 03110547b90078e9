/** Words that bash and zsh read alike. */
import type { PlacedCommand } from './command-tree.ts'

/** A word in single quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** The arms of a `case "$command:$word"` that follow the words of a line from command to command. */
export function stepsTo(commands: readonly PlacedCommand[]): string {
  return commands
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => {
      const before = path.slice(0, -1).join(' ')
      return `      ${quoted(`${before}:${path.at(-1) ?? ''}`)}) command=${quoted(path.join(' '))} ;;`
    })
    .join('\n')
}
