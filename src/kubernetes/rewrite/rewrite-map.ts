/**
 * Maps images to their replacements: `{ "ghcr.io/x/y:1": "nix.internal/nix/store/…:nix" }`, and lists those that may
 * stay. Names are compared as clients read them: `redis` is `docker.io/library/redis`. A name without a tag matches
 * every tag; the more exact name goes first.
 */
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { Value } from 'typebox/value'
import { RegistryError } from '../../core/errors/errors.ts'

const FACTS = Type.Object({
  reference: Type.String({ minLength: 1 }),
  storePath: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  derivation: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})
const MAP = Type.Record(Type.String(), Type.Union([Type.String({ minLength: 1 }), FACTS]))

type OurImage = Static<typeof FACTS>

export type ImageMap = {
  /** As the map's author wrote them. */
  readonly names: readonly string[]
  /** Undefined for what isn't in the map. */
  readonly find: (name: string) => { readonly key: string; readonly image: OurImage } | undefined
}

type Parts = { readonly repository: string; readonly tag: string; readonly digest: string }

/** @throws RegistryError `malformed` where it isn't such a map, or two of its names are the same. */
export function parseImageMap(text: string, source: string): ImageMap {
  const value: unknown = parseJson(text, source)
  if (!Value.Check(MAP, value)) {
    throw new RegistryError(
      'malformed',
      `${source}: expected { "name of an image": "reference", … }, or { "reference": …, "storePath": …, "derivation": … } for a reference`,
    )
  }
  const entries = new Map<string, { readonly key: string; readonly image: OurImage }>()
  for (const [key, given] of Object.entries(value)) {
    const { repository, tag, digest } = partsOf(key)
    const name = `${repository}${tag}${digest}`
    const other = entries.get(name)
    if (other !== undefined) {
      throw new RegistryError('malformed', `${source}: ${other.key} and ${key} are the same image`)
    }
    entries.set(name, { key, image: typeof given === 'string' ? { reference: given } : given })
  }
  return {
    names: Object.keys(value),
    find: (name) => {
      for (const candidate of candidatesOf(name)) {
        const found = entries.get(candidate)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

/**
 * Whether one of the patterns allows that image to stay: `docker.io/library/*`, where `*` is anything. It is compared
 * with the name as it is written, and as clients read it.
 */
export function isAllowed(patterns: readonly string[], name: string): boolean {
  const { repository, tag, digest } = partsOf(name)
  const whole = `${repository}${tag || (digest === '' ? ':latest' : '')}${digest}`
  return patterns.some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`))
    const expression = new RegExp(`^${parts.join('.*')}$`)
    return expression.test(name) || expression.test(whole)
  })
}

function candidatesOf(name: string): readonly string[] {
  const { repository, tag, digest } = partsOf(name)
  return [
    `${repository}${tag}${digest}`,
    `${repository}${digest}`,
    `${repository}${tag === '' && digest === '' ? ':latest' : tag}`,
    repository,
  ]
}

/** As distribution/reference reads names: `tag` with its colon, `digest` with its at sign, or empty. */
function partsOf(name: string): Parts {
  const [, path = name, tag = '', digest = ''] = /^(.*?)(:[^:/@]*)?(@.*)?$/.exec(name) ?? []
  const [first = '', ...rest] = path.split('/')
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  if (hasHost) {
    const host = first === 'index.docker.io' ? 'docker.io' : first
    const isOfficial = host === 'docker.io' && rest.length === 1
    return { repository: [host, ...(isOfficial ? ['library'] : []), ...rest].join('/'), tag, digest }
  }
  return { repository: `docker.io/${rest.length === 0 ? 'library/' : ''}${path}`, tag, digest }
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new RegistryError('malformed', `${source}: not JSON: ${reason}`, { cause })
  }
}
