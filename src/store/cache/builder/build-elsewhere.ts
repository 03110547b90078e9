/** Has the builder build an output, and keeps it there until it is copied. */
import type { StorePath } from '../../../core/nix/store-path.ts'
import type { BuildOutcome, StoreEvent } from '../../store.ts'
import type { Builder } from './builder.ts'

type Output = {
  readonly derivation: StorePath
  readonly output: string
  readonly path: StorePath
}

/**
 * @param copy copies the path once it is built.
 * @throws RegistryError `fetch-failed` where the builder cannot get the derivation, `unavailable`, what `copy` throws.
 */
export async function buildElsewhere(
  builder: Builder,
  { derivation, output, path }: Output,
  copy: () => Promise<void>,
  onEvent: (event: StoreEvent) => void,
  signal: AbortSignal | undefined,
): Promise<BuildOutcome> {
  const roots = await builder.openRoots()
  try {
    // Its garbage collector must not be faster than the copy.
    await roots.add(path)
    if (!(await builder.isValid(derivation))) await builder.fetch(derivation, onEvent, signal)
    const outcome = await builder.build(derivation, output, onEvent, signal)
    if (outcome.kind === 'done') await copy()
    return outcome
  } finally {
    roots.close()
  }
}
