/** The simple commands of a line of shell: enough of its grammar for what documentation shows. */

const OPERATOR = /^(?:&&|\|\||[|;&()\n])/
const REDIRECTION = /^\d*(?:>>|>&|>|<)\d*/

/** Each command as its words, without quotes, redirections and comments. */
export function shellCommands(text: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  let word: string | undefined
  let isTarget = false
  const end = () => {
    if (word === undefined) return
    if (isTarget) isTarget = false
    else commands.at(-1)?.push(word)
    word = undefined
  }
  for (let i = 0; i < text.length;) {
    const rest = text.slice(i)
    const operator = OPERATOR.exec(rest)?.[0]
    const redirection = word === undefined ? REDIRECTION.exec(rest)?.[0] : undefined
    if (rest.startsWith('\\\n')) {
      end()
      i += 2
    } else if (rest[0] === '\\') {
      word = (word ?? '') + (rest[1] ?? '')
      i += 2
    } else if (rest[0] === "'" || rest[0] === '"') {
      const close = text.indexOf(rest[0], i + 1)
      if (close === -1) throw new Error(`a quote is not closed: ${text}`)
      word = (word ?? '') + text.slice(i + 1, close)
      i = close + 1
    } else if (rest[0] === '#' && word === undefined) {
      const line = rest.indexOf('\n')
      i = line === -1 ? text.length : i + line
    } else if (rest.startsWith('$(')) {
      // What is substituted is a command of its own, and one word of this.
      const close = text.indexOf(')', i)
      commands.unshift(...shellCommands(text.slice(i + 2, close)).map((words) => [...words]))
      word = `${word ?? ''}substituted`
      i = close + 1
    } else if (operator !== undefined) {
      end()
      commands.push([])
      i += operator.length
    } else if (redirection !== undefined) {
      isTarget = !/&\d$/.test(redirection)
      i += redirection.length
    } else if (/\s/.test(rest[0] ?? '')) {
      end()
      i += 1
    } else {
      word = (word ?? '') + (rest[0] ?? '')
      i += 1
    }
  }
  end()
  return commands.filter((words) => words.length > 0)
}
