/**
 * Regular expressions of Go, for images that say with them where files go and whose they are. Matched in time linear
 * in the text by an engine without backtracking (re2js, a port of the one that Go's is), since an image is made by
 * others; and bounded in size, since linear is still as much as the expression is long.
 */
import { RE2JS } from 're2js'

export type GoRegexp = {
  readonly isIn: (text: string) => boolean
  /** Go's `Regexp.ReplaceAll`. */
  readonly replaceAll: (text: string, template: string) => string
}

/** Characters; the usual one is a store path, of up to 255. */
const MAX_LENGTH = 1024
/** Instructions; a literal has one for each character, and `\pL{1000}` many thousands. */
const MAX_PROGRAM = 4096

/** @throws Error saying why, for what is no expression of Go or too large a one. */
export function goRegexp(source: string): GoRegexp {
  if (source.length > MAX_LENGTH) throw new Error(`regular expression of more than ${MAX_LENGTH} characters`)
  const compiled = RE2JS.compile(source)
  if (compiled.programSize() > MAX_PROGRAM) throw new Error(`too large a regular expression: ${source}`)
  return {
    isIn: (text) => compiled.test(text),
    replaceAll: (text, template) => replaceAll(compiled, text, template),
  }
}

/** Not re2js's own, which follows Java: there `b*` in `abc` matches once more, and `$2_` is a number and a text. */
function replaceAll(regexp: RE2JS, text: string, template: string): string {
  const matcher = regexp.matcher(text)
  let result = ''
  let done = 0
  let from = 0
  while (from <= text.length && matcher.find(from)) {
    const [start, end] = [matcher.start(), matcher.end()]
    result += text.slice(done, start)
    // Not for an empty match right behind another match.
    if (end > done || start === 0) {
      result += expand(template, (name) => {
        const index = /^\d+$/.test(name) ? Number(name) : regexp.namedGroups()[name]
        return index === undefined || index > matcher.groupCount() ? '' : (matcher.group(index) ?? '')
      })
    }
    done = end
    from = end > from ? end : from + ((text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1)
  }
  return result + text.slice(done)
}

/** Go's `Regexp.Expand`: `$name` takes as many letters as it can, `$$` is a dollar sign, any other stays. */
function expand(template: string, group: (name: string) => string): string {
  return template.replaceAll(
    /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu,
    (_, dollar: string | undefined, name: string | undefined, braced: string | undefined) =>
      dollar ?? group(name ?? braced ?? ''),
  )
}
