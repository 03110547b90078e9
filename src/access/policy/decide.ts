/** Decides by the rules: the first that matches counts, and without one everything is denied. */
import type { StoreHash } from '../../core/nix/store-path.ts'
import { isSignedBy, type SignedPath } from '../../core/nix/signature.ts'
import { comparableName, type Action, type PolicyRule } from './policy-rule.ts'

/** A question. What isn't known yet is left out. */
export type PolicyQuestion = {
  readonly subject: string
  readonly hash: StoreHash
  readonly name?: string | undefined
  /** Systems of the derivation, or of the platforms of the image. All of them must be in a rule. */
  readonly systems?: readonly string[] | undefined
  /** The path with its signatures. */
  readonly signed?: SignedPath | undefined
}

/** A fact that a decision may need. */
export type PolicyFact = 'name' | 'systems' | 'keys'

export type PolicyDecision =
  | { readonly kind: 'decided'; readonly allow: ReadonlySet<Action>; readonly rule: PolicyRule | undefined }
  /** @param rule the first that may match. @param needs what it depends on. */
  | { readonly kind: 'open'; readonly rule: PolicyRule; readonly needs: readonly PolicyFact[] }

const NOTHING: ReadonlySet<Action> = new Set()

export function decide(rules: readonly PolicyRule[], question: PolicyQuestion): PolicyDecision {
  const name = question.name === undefined ? undefined : comparableName(question.name)
  for (const rule of rules) {
    if (mismatchOf(rule, question, name) !== undefined) continue
    const needs = unknownFacts(rule, question)
    return needs.length === 0 ? { kind: 'decided', allow: rule.allow, rule } : { kind: 'open', rule, needs }
  }
  return { kind: 'decided', allow: NOTHING, rule: undefined }
}

/** Says why each rule before the decision did not match, for people. */
export function explain(rules: readonly PolicyRule[], question: PolicyQuestion): readonly string[] {
  const name = question.name === undefined ? undefined : comparableName(question.name)
  const lines: string[] = []
  for (const rule of rules) {
    const mismatch = mismatchOf(rule, question, name)
    const needs = mismatch === undefined ? unknownFacts(rule, question) : []
    const allowed = [...rule.allow].join(', ') || 'nothing'
    if (mismatch !== undefined) lines.push(`${rule.place}: does not match: ${mismatch()}`)
    else if (needs.length > 0)
      lines.push(`${rule.place}: may match, allows ${allowed}: depends on ${needs.join(' and ')}`)
    else {
      lines.push(`${rule.place}: matches, allows ${allowed}`)
      return lines
    }
  }
  lines.push(`${lines.length === 0 ? '' : 'otherwise '}no rule matches: denied`)
  return lines
}

/** The first condition that is not met by what is known. Its words are made only if somebody wants them. */
function mismatchOf(
  { subjects, names, hashes, systems, keys }: PolicyRule,
  question: PolicyQuestion,
  name: string | undefined,
): (() => string) | undefined {
  const { subject, hash, signed } = question
  if (subjects !== undefined && !subjects.some(({ matches }) => matches.test(subject)))
    return () => `${subject} is none of ${subjects.map(({ text }) => text).join(', ')}`
  if (names !== undefined && name !== undefined && !names.some(({ matches }) => matches.test(name)))
    return () => `the name ${name} is none of ${names.map(({ text }) => text).join(', ')}`
  if (hashes !== undefined && !hashes.has(hash)) return () => `${hash} is none of its ${hashes.size} hashes`
  const foreign = question.systems?.find((system) => systems?.includes(system) === false)
  if (foreign !== undefined) return () => `the system ${foreign} is none of ${systems?.join(', ')}`
  if (keys !== undefined && signed !== undefined && !isSignedBy(keys, signed))
    return () => `no signature by ${keys.map((key) => key.name).join(', ')}`
  return undefined
}

function unknownFacts({ names, systems, keys }: PolicyRule, question: PolicyQuestion): readonly PolicyFact[] {
  return [
    ...(names !== undefined && question.name === undefined ? (['name'] as const) : []),
    ...(systems !== undefined && question.systems === undefined ? (['systems'] as const) : []),
    ...(keys !== undefined && question.signed === undefined ? (['keys'] as const) : []),
  ]
}
