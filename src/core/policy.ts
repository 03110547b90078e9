/**
 * Decides what may be built or fetched. The caller brings the plan of Nix, so that this file is pure. Valid paths need
 * no decision here; whether a path is served at all is decided in registry/artifact/make-artifact.ts.
 */
import { storeNameOf, type StorePath } from './nix/store-path.ts'

export type Policy = {
  /** May change while the server runs: read it anew for each piece of work. */
  readonly builds: boolean
  /** Why builds that are allowed can have no sandbox. */
  readonly noSandbox?: string | undefined
  readonly fetches: boolean
  /** A requested name must match one of these patterns. An empty list allows every name. */
  readonly allow: readonly NamePattern[]
  /** Neither the requested name nor any path that would be built or fetched for it may match one of these. */
  readonly deny: readonly NamePattern[]
  /** Systems that there are builders for; none: Nix knows, and says so when it comes to it. */
  readonly systems: readonly string[]
}

/** A glob over the name of a store path, without hash and `.drv`: `*` is any text, `?` one character. */
export type NamePattern = { readonly text: string; readonly matches: RegExp }

/** The plan of Nix for one piece of work. */
export type WorkPlan = {
  readonly builds: readonly { readonly derivation: StorePath; readonly system: string }[]
  readonly fetches: readonly StorePath[]
}

/** Clients learn the reason of `no-builder`; that of `denied` is for the operator alone. */
export type Objection = { readonly kind: 'denied' | 'no-builder'; readonly reason: string }

/** Builders that Nix itself is, on any machine. */
const BUILTIN = 'builtin'

/** @returns nothing for an empty text. */
export function parseNamePattern(text: string): NamePattern | undefined {
  if (text === '') return undefined
  const source = text
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return { text, matches: new RegExp(`^${source}$`) }
}

/** Decides about a path by its name alone, before Nix is asked for a plan. */
export function objectionToName(policy: Policy, path: StorePath): Objection | undefined {
  const name = nameOf(path)
  const denied = policy.deny.find(({ matches }) => matches.test(name))
  if (denied !== undefined) return deny(`the name ${name} matches ${denied.text} of --deny-names`)
  if (policy.allow.length === 0 || policy.allow.some(({ matches }) => matches.test(name))) return undefined
  return deny(`the name ${name} matches nothing of --allow-names`)
}

/** Whether the plan matters at all: Nix asks its caches for one. */
export function needsPlan({ builds, fetches, deny: denied, systems }: Policy): boolean {
  return !builds || !fetches || denied.length > 0 || systems.length > 0
}

export function objectionToPlan(policy: Policy, plan: WorkPlan): Objection | undefined {
  const [build] = plan.builds
  if (build !== undefined && !policy.builds)
    return deny(
      policy.noSandbox === undefined
        ? `builds are not allowed (--allow-builds): ${build.derivation}`
        : `builds can have no sandbox here (--allow-unsandboxed-builds), ${policy.noSandbox}: ${build.derivation}`,
    )
  const [fetched] = plan.fetches
  if (fetched !== undefined && !policy.fetches) return deny(`fetches are not allowed: ${fetched}`)
  for (const path of [...plan.builds.map(({ derivation }) => derivation), ...plan.fetches]) {
    const objection = objectionToName({ ...policy, allow: [] }, path)
    if (objection !== undefined) return objection
  }
  const foreign = plan.builds.find(({ system }) => !isBuildable(policy, system))
  if (foreign === undefined) return undefined
  return {
    kind: 'no-builder',
    reason: `no builder for ${foreign.system}, which ${nameOf(foreign.derivation)} needs; there are some for ${policy.systems.join(', ')}`,
  }
}

function isBuildable({ systems }: Policy, system: string): boolean {
  return systems.length === 0 || system === BUILTIN || systems.includes(system)
}

function nameOf(path: StorePath): string {
  return storeNameOf(path).replace(/\.drv$/, '')
}

function deny(reason: string): Objection {
  return { kind: 'denied', reason }
}
