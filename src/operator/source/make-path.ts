/** Makes a store path valid: it is there, or is fetched, or is built. */
import { messageChain } from '../../core/errors/error-chain.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { Store, StoreEvent } from '../../store/store.ts'
import { SourceError } from './source-error.ts'

export type MakeOptions = {
  readonly store: Store
  /** False: what is neither there nor in a cache is refused. Builds run programs that authors of profiles choose. */
  readonly mayBuild: boolean
  /** Called once where the path isn't there yet, with what is done about it. */
  readonly onWork: (message: string) => void
  readonly signal: AbortSignal
}

/** Lines of a failed build that are kept. */
const LOG_LINES = 10

/** @throws SourceError `FetchFailed` or `BuildFailed`, RegistryError where the store doesn't answer. */
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
async function fetchFailure(
  path: StorePath,
  { store, onWork, signal }: MakeOptions,
): Promise<RegistryError | undefined> {
  if (await store.isValid(path)) return undefined
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
export function assertMayBuild({ mayBuild }: Pick<MakeOptions, 'mayBuild'>, name: string): void {
  if (mayBuild) return
  const message = `${name} would have to be built, and this operator builds nothing: start it with --allow-builds`
  throw new SourceError('BuildsNotAllowed', message, { isFinal: true })
}
