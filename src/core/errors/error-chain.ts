/** An error with its causes as one sentence, in which nothing is said twice, and no system's error stands as it is. */
import { explainSystemError } from './system-error.ts'

/** More causes than any error here has; one that is its own cause must end. */
const MAX_CAUSES = 10

/** `what failed: why: why that`. */
export function messageChain(error: unknown): string {
  return chain(causesOf(error)).join(': ')
}

/** Returns what the causes of an error add to its own message, or undefined. */
export function causeChain(error: unknown): string | undefined {
  const [first, ...rest] = chain(causesOf(error))
  const own = error instanceof Error ? error.message : String(error)
  // A cause that says all that the error says has taken its place.
  const more = first === own ? rest : [first, ...rest]
  return more.length === 0 ? undefined : more.join(': ')
}

/** An error and its causes, the error first. Of several causes at once, as of two addresses of a host, the first. */
export function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = []
  let next = error
  while (next !== undefined && next !== null && causes.length < MAX_CAUSES && !causes.includes(next)) {
    causes.push(next)
    if (next instanceof AggregateError && next.errors.length > 0) next = next.errors[0]
    else next = next instanceof Error ? next.cause : undefined
  }
  return causes
}

function chain(causes: readonly unknown[]): readonly string[] {
  const parts: string[] = []
  for (const [depth, cause] of causes.entries()) {
    const message = (cause instanceof Error ? cause.message : String(cause)).trim()
    // What is wrong may be several lines; why it is goes behind it.
    const raw = depth === 0 ? message : oneLine(message)
    // What wraps an error often has its text in its own.
    const outer = parts.findIndex((part) => raw !== '' && oneLine(part).includes(oneLine(raw)))
    const explained = explainSystemError(cause)
    const text = explained === undefined || outer !== -1 ? (explained ?? raw) : withoutPlace(explained, parts)
    if (text === '') continue
    if (outer !== -1) parts[outer] = parts[outer]?.replace(raw, () => text) ?? text
    else if (!parts.some((part) => part.includes(text))) {
      const last = parts.at(-1)
      if (last !== undefined && text.includes(last)) parts[parts.length - 1] = text
      else parts.push(text)
    }
  }
  return parts
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

/** `/x: no such file` without its place, where that has been named. */
function withoutPlace(explained: string, parts: readonly string[]): string {
  const [start = '', place = ''] = /^(.+?): /.exec(explained) ?? []
  return place !== '' && parts.some((part) => part.includes(place))
    ? explained.slice(start.length)
    : explained
}
