import { quoted, stepsTo } from './posix-words.ts'
import { placedCommands, wordsAfter, type CommandTree } from './command-tree.ts'

/** The completion of bash: a file for `$XDG_DATA_HOME/bash-completion/completions/`, or to be sourced. */
export function bashCompletion(tree: CommandTree): string {
  const commands = placedCommands(tree)
  const values = commands.flatMap(({ path, command: { options } }) =>
    options
      .filter(({ value }) => value !== undefined)
      .map(({ long, short, choices }) => {
        const names = [long, ...(short === undefined ? [] : [short])]
        const pattern = names.map((name) => quoted(`${path.join(' ')}:${name}`)).join(' | ')
        const words =
          choices.length === 0 ? '' : ` COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$current"));`
        return `    ${pattern})${words} return ;;`
      }),
  )
  const words = commands.map(({ path, command }) => {
    const flags = [...command.options.map(({ long }) => long), '--help'].join(' ')
    const names = wordsAfter(command)
      .map(({ name }) => name)
      .join(' ')
    return `    ${quoted(path.join(' '))}) flags=${quoted(flags)} names=${quoted(names)} ;;`
  })
  return `# Completion of ${tree.name} for bash, made by: ${tree.name} completion bash
_${tree.name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' word flags names
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
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
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$names" -- "$current"))
  fi
}
complete -o default -F _${tree.name} ${tree.name}
`
}
