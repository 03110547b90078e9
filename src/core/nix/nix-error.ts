/**
 * Finds the message that says what is wrong in what a command of Nix wrote to standard error, and gives it as one line.
 *
 * Nix 2.8 writes `error: <message>` and then where it is. Since 2.20 `error:` comes first, then the trace, and at its
 * end, indented, `error: <message>`. A message has several lines, and may quote a whole document. Of builds that fail,
 * the first one is the cause, and those that needed it follow.
 */
import { stripVTControlCharacters } from 'node:util'

/** Room for a message with two store paths; past it the middle is left out. */
const MAX_LENGTH = 400
/** A message that quotes a document ends with what is wrong in it. */
const KEPT_AT_START = 120

const ERROR = /^( *)error: ?(.*)$/
/** Lines that follow a message. */
const AFTER = /^\s*(?:at \S.*:\d+:\d+:?|… .*|\(use '--show-trace'.*|\d*\| .*|Reason: \d+ dependenc.*)$/
const PLACE = /^\s*at (\S.*:\d+:\d+):?$/
/** A build that failed because another one did. */
const FOLLOWS = /dependenc(?:y|ies) (?:of derivation .*|.*)failed|Reason: \d+ dependenc/
const FAILED_BUILD =
  /^(?:builder for|Cannot build|build of) '([^']+\.drv)'(?:.*failed (?:with|due)|.*builder failed|.* failed:?$|\.$)/
/** Messages of Nix's own about an expression, which say little without their place. */
const OF_EXPRESSION =
  /^(?:syntax error|undefined variable|attribute '.*' missing|assertion .* failed|infinite recursion|cannot |value is |expected |(?:anonymous )?function .* called|stack overflow|list index)/
/** Output of a program that Nix ran, before the message of Nix. */
const PROGRAM = /^program '.*' failed|^executing '/
const FATAL = /^fatal: .*$/m

type Message = { readonly text: string; readonly place: string | undefined }

/** @returns the message in one line, without Nix's trace; undefined where there is none. */
export function explainNixError(stderr: string): string | undefined {
  const clean = stripVTControlCharacters(stderr)
  const messages = messagesIn(clean.split('\n'))
  const builds = messages.flatMap(({ text }) => FAILED_BUILD.exec(text)?.[1] ?? [])
  const [drv] = builds
  if (drv !== undefined) return `the build of ${drv} failed: nix log ${drv}`
  const causes = messages.filter(({ text }) => !FOLLOWS.test(text))
  const found = (causes.length > 0 ? causes : messages).at(-1)
  if (found === undefined) return undefined
  const fatal = PROGRAM.test(found.text) ? FATAL.exec(clean)?.[0] : undefined
  const isAtPlace = found.place !== undefined && OF_EXPRESSION.test(found.text)
  return (
    shorten(found.text) + (fatal === undefined ? '' : `: ${fatal}`) + (isAtPlace ? ` at ${found.place}` : '')
  )
}

function messagesIn(lines: readonly string[]): readonly Message[] {
  const messages: Message[] = []
  for (let at = 0; at < lines.length; at++) {
    const [, indentation = '', first = ''] = ERROR.exec(lines[at] ?? '') ?? []
    if (first === '') continue
    const text = [first]
    // Further lines of a message are as far to the right as the first line's text, at least.
    const margin = `${indentation.slice(0, -7)}       `
    let next = at + 1
    for (; next < lines.length; next++) {
      const line = lines[next] ?? ''
      if (!line.startsWith(margin) || AFTER.test(line) || ERROR.test(line)) break
      text.push(line.trim())
    }
    const rest = lines.slice(next).find((line) => line.trim() !== '') ?? ''
    messages.push({ text: text.join(' ').replaceAll(/\s+/g, ' ').trim(), place: PLACE.exec(rest)?.[1] })
  }
  return messages
}

function shorten(text: string): string {
  if (text.length <= MAX_LENGTH) return text
  return `${text.slice(0, KEPT_AT_START)} … ${text.slice(KEPT_AT_START - MAX_LENGTH)}`
}
