/** Whether a text has one of the forms of rules.json: names, paths, addresses. */
import type { TextForm } from './rules.ts'

/** Texts that are longer aren't looked at, since Nix's regular expressions exhaust the stack. */
const LONGEST = 2048

export function hasForm({ pattern, not, max }: TextForm, text: string): boolean {
  if (max === undefined && text.length > LONGEST) return true
  if (max !== undefined && text.length > max) return false
  return isMatch(pattern, text) && (not === undefined || !isMatch(not, text))
}

const expressions = new Map<string, RegExp>()

function isMatch(pattern: string, text: string): boolean {
  const known = expressions.get(pattern) ?? new RegExp(`^(?:${pattern})$`, 's')
  expressions.set(pattern, known)
  return known.test(text)
}
