/**
 * Asks the policy before any work is queued, so that what isn't allowed costs a question and no turn, and a derivation
 * for a system that nobody builds for fails before its dependencies are built in vain.
 */
import { workName, type Work } from './work.ts'
import pLimit from 'p-limit'
import { RegistryError } from '../core/errors/errors.ts'
import { needsPlan, objectionToName, objectionToPlan, type Objection, type Policy } from '../core/policy.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import type { Store } from './store.ts'

/** Derivations read at once. */
const READS_AT_ONCE = 16

/** @throws RegistryError `denied`, `no-builder`, `unavailable`. */
export async function admit(store: Store, policy: Policy, work: Work): Promise<void> {
  const path = work.kind === 'fetch' ? work.path : work.derivation
  refuse(objectionToName(policy, path), work)
  if (!needsPlan(policy)) return
  const { willBuild, willSubstitute } = await store.missing([work])
  const builds = policy.systems.length === 0 ? withoutSystems(willBuild) : await withSystems(store, willBuild)
  refuse(objectionToPlan(policy, { builds, fetches: willSubstitute }), work)
}

function refuse(objection: Objection | undefined, work: Work): void {
  if (objection === undefined) return
  if (objection.kind === 'denied') throw new RegistryError('denied', `${objection.reason}: ${workName(work)}`)
  throw new RegistryError('no-builder', `nix build failed: ${objection.reason}`, {
    detail: { work: workName(work), reason: objection.reason },
  })
}

function withoutSystems(derivations: readonly StorePath[]) {
  return derivations.map((derivation) => ({ derivation, system: '' }))
}

async function withSystems(store: Store, derivations: readonly StorePath[]) {
  const limit = pLimit(READS_AT_ONCE)
  return Promise.all(
    derivations.map((derivation) =>
      limit(async () => ({ derivation, system: (await store.derivation(derivation)).system })),
    ),
  )
}
