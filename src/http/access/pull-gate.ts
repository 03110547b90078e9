/**
 * Lets a client at an image, or shows it an absent one. Who may not pull gets the answer that it would get for a path
 * that isn't there, made the same way: the request goes on with the name of a decoy, which no store has. So status, body
 * and time are those of an absent path, and the store and its caches are asked as they would be for one.
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { decide, type PolicyFact, type PolicyQuestion } from '../../access/policy/decide.ts'
import type { Action, PolicyRule } from '../../access/policy/policy-rule.ts'
import type { Subject } from '../../access/subject.ts'
import { RegistryError, type ErrorDetail } from '../../core/errors/errors.ts'
import {
  parseStoreHash,
  storeHashOf,
  storeNameOf,
  type StoreHash,
  type StorePath,
} from '../../core/nix/store-path.ts'
import { referenceBase, type Reference } from '../../core/oci/reference.ts'
import type { Selector } from '../../core/oci/route.ts'
import { DEFAULT_TAG } from '../../core/oci/image-name.ts'
import type { Registry } from '../../registry/registry.ts'
import type { Access } from './access.ts'
import { clientOf } from './client.ts'
import { senderOf } from './request-audit.ts'

/** The name that a request goes on with. */
export type Admission = {
  /** The image that was asked for, or a decoy. */
  readonly reference: Reference
  /** Makes an error about the decoy one about the image that was asked for. */
  readonly restore: (error: unknown) => unknown
}

export type PullGateOptions = {
  readonly access: Access
  readonly registry: Pick<Registry, 'standing' | 'recalls' | 'systemsOf'>
  /** The rules as they are now. None: who may pull may have everything. */
  readonly rules: () => readonly PolicyRule[] | undefined
}

/** A cut slug has this length at least (core/oci/reference.ts): the name that it was cut from may match other rules. */
const MAX_WHOLE_SLUG = 99
const ALPHABET = '0123456789abcdfghijklmnpqrsvwxyz'

type Verdict = { readonly kind: 'admitted' } | { readonly kind: 'refused'; readonly reason: string }

const ADMITTED: Verdict = { kind: 'admitted' }

export class PullGate {
  readonly #options: PullGateOptions
  readonly #secret = randomBytes(32)

  constructor(options: PullGateOptions) {
    this.#options = options
  }

  /**
   * To be called before the registry is asked about a name.
   * @throws RegistryError `unauthorized` for a client without credentials, for every name alike.
   */
  async admit(request: FastifyRequest, reference: Reference, selector?: Selector): Promise<Admission> {
    this.demandCredentials(request)
    const verdict = await this.#judge(
      request,
      reference,
      selector?.kind === 'tag' ? selector.tag : DEFAULT_TAG,
    )
    if (verdict.kind === 'admitted') return { reference, restore: (error) => error }
    const image = referenceBase(reference)
    request.log.warn({ image, reason: verdict.reason }, 'pull denied')
    const sender = senderOf(request)
    request.server.audit?.({
      what: 'request',
      outcome: 'denied',
      ...sender,
      target: image,
      reason: verdict.reason,
    })
    const decoy = { ...reference, storeHash: this.#decoyOf(reference.storeHash) }
    return { reference: decoy, restore: (error) => withHash(error, decoy.storeHash, reference.storeHash) }
  }

  /** Whether a client may see that a path is there. Nothing is asked that takes time. */
  maySee(request: FastifyRequest, path: StorePath): boolean {
    const rules = this.#options.rules()
    if (rules === undefined) return true
    const question = {
      subject: clientOf(request).subject.name,
      hash: storeHashOf(path),
      name: storeNameOf(path),
    }
    const decision = decide(rules, question)
    return (decision.kind === 'open' ? decision.rule.allow : decision.allow).has('pull')
  }

  /** Whether `admit` lets a subject at an image, and nothing has to be asked for that. */
  admitsAtOnce(subject: Subject, { storeHash: hash, slug }: Reference): boolean {
    const { access, rules: rulesNow } = this.#options
    if (!access.mayPull(subject)) return false
    const rules = rulesNow()
    if (rules === undefined) return true
    const decision = decide(rules, { subject: subject.name, hash, name: wholeNameIn(slug) })
    return decision.kind === 'decided' && allowsAll(decision.allow)
  }

  /** @throws RegistryError `unauthorized` for a client that has none and may not pull without. */
  demandCredentials(request: FastifyRequest): void {
    const { access } = this.#options
    if (clientOf(request).subject.kind === 'anonymous') access.demand(request, 'pull')
  }

  async #judge(request: FastifyRequest, reference: Reference, tag: string): Promise<Verdict> {
    const { access, rules: rulesNow, registry } = this.#options
    const { subject } = clientOf(request)
    if (!access.has(request, 'pull')) return refused(`${subject.name} has not the right to pull`)
    const rules = rulesNow()
    if (rules === undefined) return ADMITTED
    const { storeHash: hash, slug } = reference
    let question: PolicyQuestion = {
      subject: subject.name,
      hash,
      name: wholeNameIn(slug),
    }
    const decision = decide(rules, question)
    if (decision.kind === 'decided') {
      if (!decision.allow.has('pull')) return refused(reasonOf(decision.rule))
      // There is no work that it may not have, or none to do.
      if (allowsAll(decision.allow) || registry.recalls(reference, tag)) return ADMITTED
    }
    const standing = await registry.standing(reference, tag).catch((error: unknown) => {
      // An absent image is its own answer.
      if (error instanceof RegistryError) return undefined
      throw error
    })
    if (standing === undefined) return ADMITTED
    question = { ...question, name: standing.name }
    if (standing.kind === 'valid') {
      question = { ...question, signed: standing.info }
      if (needs(rules, question, 'systems'))
        question = { ...question, systems: await registry.systemsOf(reference, tag) }
    } else if (standing.builds) question = { ...question, systems: standing.systems }
    const last = decide(rules, question)
    // Signatures and platforms of what isn't here yet are looked at once it is: see the next request of this pull.
    const { allow, rule } = last.kind === 'open' ? { allow: last.rule.allow, rule: last.rule } : last
    if (!allow.has('pull')) return refused(reasonOf(rule))
    if (standing.kind === 'valid') return ADMITTED
    const missing = [
      ...(standing.fetches ? ['fetch' as const] : []),
      ...(standing.builds ? ['build' as const] : []),
    ]
    const lacking = missing.find((action) => !allow.has(action))
    return lacking === undefined ? ADMITTED : refused(`${reasonOf(rule)}, and this would ${lacking} it`)
  }

  /** The same for each hash, so that the second answer about it comes from what is remembered, as for an absent one. */
  #decoyOf(hash: StoreHash): StoreHash {
    const bytes = createHmac('sha256', this.#secret).update(hash).digest()
    const text = Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join('')
    return parseStoreHash(text) ?? hash
  }
}

function needs(rules: readonly PolicyRule[], question: PolicyQuestion, fact: PolicyFact): boolean {
  const decision = decide(rules, question)
  return decision.kind === 'open' && decision.needs.includes(fact)
}

function wholeNameIn(slug: string | undefined): string | undefined {
  return slug !== undefined && slug.length <= MAX_WHOLE_SLUG ? slug : undefined
}

function allowsAll(allow: ReadonlySet<Action>): boolean {
  return allow.has('pull') && allow.has('fetch') && allow.has('build')
}

function refused(reason: string): Verdict {
  return { kind: 'refused', reason }
}

function reasonOf(rule: PolicyRule | undefined): string {
  if (rule === undefined) return 'no rule matches'
  return `the rule at ${rule.place} allows ${[...rule.allow].join(', ') || 'nothing'}`
}

/** The same error, with one hash in the place of another. */
function withHash(error: unknown, from: string, to: string): unknown {
  if (!(error instanceof RegistryError)) return error
  const replace = (text: string) => text.replaceAll(from, to)
  const { detail, ...facts } = error.facts
  const restored: ErrorDetail | undefined =
    detail &&
    Object.fromEntries(
      Object.entries(detail).map(([key, value]) => [
        key,
        typeof value === 'string' ? replace(value) : Array.isArray(value) ? value.map(replace) : value,
      ]),
    )
  return new RegistryError(error.kind, replace(error.message), {
    ...facts,
    detail: restored,
    cause: error.cause,
  })
}
