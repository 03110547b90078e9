/** Asks a registry what pulls of images would find: `POST /check`. */
import * as Type from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { unreachable } from '../unreachable.ts'
import { UsageError } from '../usage-error.ts'

const PullCheck = Type.Object({
  ref: Type.String(),
  state: Type.String(),
  message: Type.Optional(Type.String()),
})
const answer = validatorOf(Type.Object({ images: Type.Array(PullCheck) }))

/** `state`: present, fetchable, buildable, failed, unknown, or unsure where the registry couldn't find out. */
export type ImagePullCheck = { readonly ref: string; readonly state: string; readonly message?: string }

/** As many as the registry takes at once. */
const AT_ONCE = 1000
/** It waits for caches of Nix that don't answer; kubelet would wait longer. */
const TIMEOUT_MS = 60_000

/** In the order of the names. @throws UsageError where no registry answers. */
export async function askPullChecks(
  registry: string,
  images: readonly { readonly name: string }[],
): Promise<readonly ImagePullCheck[]> {
  const found: ImagePullCheck[] = []
  for (let i = 0; i < images.length; i += AT_ONCE) {
    const refs = images.slice(i, i + AT_ONCE).map(({ name }) => name)
    found.push(...(await ask(registry, refs)))
  }
  return found
}

async function ask(registry: string, refs: readonly string[]): Promise<readonly ImagePullCheck[]> {
  const url = new URL('/check', registry)
  const fail = (why: string, cause?: unknown): never => {
    throw new UsageError(`${url.origin}: ${why}; --no-registry checks without one`, { cause })
  }
  const response = await fetch(url, {
    method: 'POST',
    body: JSON.stringify({ refs }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => fail(`no registry answers: ${unreachable(cause)}`, cause))
  if (!response.ok) return fail(`answered ${response.status} ${response.statusText}`)
  const body: unknown = await response.json().catch(() => undefined)
  return answer.Check(body) ? body.images : fail('answered in a form that pushless does not use')
}
