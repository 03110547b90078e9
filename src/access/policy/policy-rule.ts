/** The rules of the auth file: which subject may pull, fetch and build what. */
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { parseNamePattern, type NamePattern } from '../../core/policy.ts'
import { parseSigningKey, type SigningKey } from '../../core/nix/signature.ts'
import { parseStoreHash, type StoreHash } from '../../core/nix/store-path.ts'
import { slugOf } from '../../core/oci/reference.ts'
import { findProblems } from '../../core/schema-problem.ts'

/** The things that a rule may allow. To build or fetch is about images that the store doesn't have yet. */
const ACTIONS = ['pull', 'fetch', 'build'] as const
export type Action = (typeof ACTIONS)[number]

export type PolicyRule = {
  /** The place in the file: `auth.yaml:12:5`. */
  readonly place: string
  /** No list of conditions: the rule is for everything. */
  readonly subjects: readonly NamePattern[] | undefined
  readonly names: readonly NamePattern[] | undefined
  readonly hashes: ReadonlySet<StoreHash> | undefined
  readonly systems: readonly string[] | undefined
  readonly keys: readonly SigningKey[] | undefined
  readonly allow: ReadonlySet<Action>
}

const STRICT = { additionalProperties: false } as const
const words = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, description: 'a text' }), { description }))

const RULES = Type.Array(
  Type.Object(
    {
      subjects: words('a list of subjects, with * for any text: [service-account:team-a/*]'),
      names: words('a list of names of store paths, without hash, with * for any text: [team-a-*]'),
      hashes: words('a list of hashes of store paths, of 32 characters each'),
      systems: words('a list of systems, such as [x86_64-linux]'),
      keys: words('a list of public keys, name:base64 as nix.conf has them'),
      allow: Type.Array(Type.Enum([...ACTIONS], { description: `one of ${ACTIONS.join(', ')}` }), {
        description: 'a list of pull, fetch and build; an empty one denies',
      }),
    },
    { ...STRICT, description: 'a rule with allow, and subjects, names, hashes, systems or keys' },
  ),
  { description: 'a list of rules' },
)
const validateRules = validatorOf(RULES)

/**
 * Parses the value of `rules`.
 * @param placeOf the place in the file of a path below `rules`.
 * @throws RegistryError `unavailable` with a line for each mistake.
 */
export function parseRules(
  value: unknown,
  placeOf: (path: readonly string[]) => string,
): readonly PolicyRule[] {
  const problems = findProblems(RULES, value, validateRules.Errors(value))
  if (problems.length > 0 || !validateRules.Check(value))
    throw wrong(problems.map(({ path, message }) => `${placeOf(path)}: ${message}`))
  const mistakes: string[] = []
  const rules = value.map((rule, i) => ruleOf(rule, placeOf([String(i)]), mistakes))
  if (mistakes.length > 0) throw wrong(mistakes)
  return rules
}

function ruleOf(
  { subjects, names, hashes, systems, keys, allow }: Static<typeof RULES>[number],
  place: string,
  mistakes: string[],
): PolicyRule {
  return {
    place,
    subjects: subjects?.flatMap((text) => parseNamePattern(text) ?? []),
    names: names?.flatMap((text) => parseNamePattern(comparableName(text)) ?? []),
    hashes:
      hashes === undefined
        ? undefined
        : new Set(
            hashes.flatMap((text) => {
              const hash = parseStoreHash(text)
              if (hash === undefined) mistakes.push(`${place}: ${text} is no hash of a store path`)
              return hash ?? []
            }),
          ),
    systems,
    keys: keys?.flatMap((text) => {
      const key = parseSigningKey(text)
      if (key === undefined) mistakes.push(`${place}: ${text} is no key, expected name:base64`)
      return key ?? []
    }),
    allow: new Set(allow),
  }
}

/**
 * Returns a name in the form that names and patterns are compared in. A client may write `Web_1` as `web_1`, its form in
 * image names: both are one name here, or a rule that denies would be passed by.
 */
export function comparableName(text: string): string {
  return text
    .replace(/\.drv$/, '')
    .split(/([*?])/)
    .map((part) => (part === '*' || part === '?' || part === '' ? part : normalized(part)))
    .join('')
}

/** Runs of what image names can't have become `-`, as slugOf has it, and ends are kept for what stands beside them. */
function normalized(part: string): string {
  const whole = slugOf(`x${part}x`, '')
  return whole.slice(1, -1)
}

function wrong(lines: readonly string[]): RegistryError {
  return new RegistryError('unavailable', lines.join('\n'))
}
