/** Makes a store path valid: it is there, or is fetched, or is built. */
import { messageChain } from '../../core/errors/error-chain.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Policy } from '../../core/policy.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import { admit } from '../../store/admit.ts'
import type { Store, StoreEvent } from '../../store/store.ts'
import type { Work } from '../../store/work.ts'
import { SourceError } from './source-error.ts'

export type MakeOptions = {
  readonly store: Store
  /** The fetches and builds that are allowed. Builds run programs that authors of profiles choose. */
  readonly policy: Policy
  /** Called once where the path isn't there yet, with what is done about it. */
  readonly onWork: (message: string) => void
  readonly signal: AbortSignal
}

/** Lines of a failed build that are kept. */
const LOG_LINES = 10

/**
 * @throws SourceError `FetchFailed`, `BuildFailed`, `BuildsNotAllowed`, `NotAllowed` or `NoBuilder`, RegistryError where
 *   the store doesn't answer.
 */
export async function makePath(path: StorePath, options: MakeOptions): Promise<void> {
  const cause = await fetchFailure(path, options)
  if (cause === undefined) return
  const derivation = await deriverOf(options.store, path)
  if (derivation === undefined) throw new SourceError('FetchFailed', messageChain(cause), { cause })
  await build(derivation.path, derivation.output, options)
}

/** @returns the path of the output. @throws as `makePath`. */
export async function makeOutput(
  derivation: StorePath,
  output: string,
  options: MakeOptions,
): Promise<StorePath> {
  const { store } = options
  await makePath(derivation, options)
  const known = (await store.derivation(derivation)).outputs
  if (!known.has(output)) {
    const names = [...known.keys()].join(', ')
    throw new SourceError('BuildFailed', `${derivation} has no output ${output}, only ${names}`, {
      isFinal: true,
    })
  }
  const path = known.get(output)
  if (path === undefined) {
    const message = `${derivation}!${output}: content-addressed outputs are not supported`
    throw new SourceError('BuildFailed', message, { isFinal: true })
  }
  if ((await fetchFailure(path, options)) !== undefined) await build(derivation, output, options)
  return path
}

/** Fetches a path that isn't there. @returns why no cache gave it. @throws RegistryError for any other failure. */
async function fetchFailure(path: StorePath, options: MakeOptions): Promise<RegistryError | undefined> {
  const { store, onWork, signal } = options
  if (await store.isValid(path)) return undefined
  await assertAdmitted({ kind: 'fetch', path }, options)
  onWork(`fetching ${path}`)
  try {
    await store.fetch(path, () => undefined, signal)
    return undefined
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof RegistryError && cause.kind === 'fetch-failed') return cause
    throw cause
  }
}

async function build(derivation: StorePath, output: string, options: MakeOptions): Promise<void> {
  const { store, onWork, signal } = options
  assertMayBuild(options, derivation)
  await assertAdmitted({ kind: 'build', derivation, output }, options)
  onWork(`building ${derivation}`)
  const lines: string[] = []
  const onEvent = (event: StoreEvent): void => {
    if (event.kind !== 'log') return
    lines.push(event.line)
    if (lines.length > LOG_LINES) lines.shift()
  }
  const outcome = await store.build(derivation, output, onEvent, signal)
  if (outcome.kind === 'done') return
  throw new SourceError('BuildFailed', [`${derivation}: ${outcome.message}`, ...lines].join('\n'))
}

/** A derivation of the store that makes the path, even if it never did. */
async function deriverOf(
  store: Store,
  path: StorePath,
): Promise<{ readonly path: StorePath; readonly output: string } | undefined> {
  for (const derivation of await store.derivers(path)) {
    const { outputs } = await store.derivation(derivation)
    for (const [output, made] of outputs) if (made === path) return { path: derivation, output }
  }
  return undefined
}

/** @throws SourceError `BuildsNotAllowed`. */
export function assertMayBuild({ policy }: Pick<MakeOptions, 'policy'>, name: string): void {
  if (policy.builds) return
  const message = `${name} would have to be built, and this operator builds nothing: start it with --allow-builds`
  throw new SourceError('BuildsNotAllowed', message, { isFinal: true })
}

/** Asks the policy about the work and all that it needs, as the registry does. @throws SourceError. */
async function assertAdmitted(work: Work, { store, policy }: MakeOptions): Promise<void> {
  try {
    await admit(store, policy, work)
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause
    if (cause.kind === 'denied')
      throw new SourceError('NotAllowed', `this operator may not make it: ${cause.message}`, {
        isFinal: true,
        cause,
      })
    if (cause.kind === 'no-builder')
      throw new SourceError('NoBuilder', cause.message, { isFinal: true, cause })
    throw cause
  }
}
