import { quoted, stepsTo } from './posix-words.ts'
import {
  placedCommands,
  shortText,
  wordsAfter,
  type CommandOption,
  type CommandTree,
} from './command-tree.ts'

/** The completion of zsh: a file `_pushless` for a directory of `$fpath`. */
export function zshCompletion(tree: CommandTree): string {
  const commands = placedCommands(tree)
  const values = commands.flatMap(({ path, command: { options } }) =>
    options.filter(({ value }) => value !== undefined).map((option) => valueCase(path, option)),
  )
  const words = commands.map(({ path, command }) => {
    const flags = command.options.map(({ long, description }) => described(long, description))
    const names = wordsAfter(command).map(({ name, description }) => described(name, description))
    return `    ${quoted(path.join(' '))})
      flags=(${[...flags, quoted('--help:show the help of this command')].join(' ')})
      names=(${names.join(' ')})
      ;;`
  })
  return `#compdef ${tree.name}
# Completion of ${tree.name} for zsh, made by: ${tree.name} completion zsh
_${tree.name}() {
  local command='' word current=$words[CURRENT] previous=$words[CURRENT-1]
  local -a flags names
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$command:$word" in
${stepsTo(commands)}
    esac
  done
  case "$command:$previous" in
${values.join('\n')}
  esac
  case "$command" in
${words.join('\n')}
  esac
  if [[ $current == -* ]]; then
    _describe -o 'option' flags
  else
    (( $#names )) && _describe 'command' names
    [[ -n $command || $#names -eq 0 ]] && _files
  fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _${tree.name} "$@"
else
  compdef _${tree.name} ${tree.name}
fi
`
}

function valueCase(path: readonly string[], { long, short, choices }: CommandOption): string {
  const names = [long, ...(short === undefined ? [] : [short])]
  const pattern = names.map((name) => quoted(`${path.join(' ')}:${name}`)).join('|')
  const complete = choices.length === 0 ? '_files' : `compadd -- ${choices.map(quoted).join(' ')}`
  return `    ${pattern}) ${complete}; return ;;`
}

function described(word: string, description: string): string {
  return quoted(`${word.replaceAll(':', String.raw`\:`)}:${shortText(description)}`)
}
