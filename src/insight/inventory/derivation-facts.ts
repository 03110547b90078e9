/** The facts that the derivation of a path has: name, version, sources and patches. Nothing else of it is read. */
import type { Derivation } from '../../core/nix/derivation.ts'
import { parseStorePath, storeNameOf, type StorePath } from '../../core/nix/store-path.ts'
import type { PathInfo, Store } from '../../store/store.ts'
import type { Patch } from './component.ts'
import { sourceArchiveOf, type SourceArchive } from './source-archive.ts'

export type DerivationFacts = {
  readonly pname: string | undefined
  readonly version: string | undefined
  /** The output that the path is. */
  readonly output: string | undefined
  readonly sources: readonly SourceArchive[]
  readonly patches: readonly Patch[]
}

const CVE = /CVE-\d{4}-\d{4,}/gi

/** @returns `undefined` where the store doesn't have the derivation. @throws RegistryError `unavailable`. */
export async function derivationFacts(store: Store, info: PathInfo): Promise<DerivationFacts | undefined> {
  const derivation = await deriverOf(store, info)
  if (derivation === undefined) return undefined
  const { pname, version, sources, patches } = attributesOf(derivation)
  return {
    pname,
    version,
    output: outputOf(derivation, info.path),
    sources: await sourcesOf(store, derivation, sources),
    patches: patches.map(patchOf),
  }
}

/** The derivation that made a path, if the store still has it. */
async function deriverOf(store: Store, { deriver }: PathInfo): Promise<Derivation | undefined> {
  if (deriver === undefined || !(await store.isValid(deriver))) return undefined
  // Its text may be damaged or gone by now; then nothing is known of it.
  return store.derivation(deriver).catch(() => undefined)
}

type Attributes = {
  readonly pname: string | undefined
  readonly version: string | undefined
  readonly sources: readonly StorePath[]
  readonly patches: readonly StorePath[]
}

/** From the environment of the builder, or the JSON of structured attributes. */
function attributesOf({ env }: Derivation): Attributes {
  const structured = parseObject(env.get('__json'))
  const text = (name: string): string | undefined => {
    const value = structured?.[name] ?? env.get(name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const paths = (name: string): readonly StorePath[] => {
    const value = structured?.[name] ?? env.get(name)
    const words: readonly unknown[] =
      typeof value === 'string' ? value.split(/\s+/) : Array.isArray(value) ? value : []
    return words.flatMap((word) => (typeof word === 'string' ? (parseStorePath(word) ?? []) : []))
  }
  return {
    pname: text('pname'),
    version: text('version'),
    sources: [...paths('src'), ...paths('srcs')],
    patches: paths('patches'),
  }
}

function parseObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function outputOf({ outputs }: Derivation, path: StorePath): string | undefined {
  for (const [name, made] of outputs) if (made === path) return name
  return undefined
}

/** The fixed-output derivations among the inputs that make these paths. */
async function sourcesOf(
  store: Store,
  { inputDerivations }: Derivation,
  wanted: readonly StorePath[],
): Promise<readonly SourceArchive[]> {
  const found: SourceArchive[] = []
  for (const path of wanted) {
    const name = `${storeNameOf(path)}.drv`
    for (const text of inputDerivations.keys()) {
      const input = parseStorePath(text)
      if (input === undefined || storeNameOf(input) !== name || !(await store.isValid(input))) continue
      const made = await store.derivation(input).catch(() => undefined)
      const source = made === undefined ? undefined : sourceArchiveOf(made, path)
      if (source !== undefined) found.push(source)
    }
  }
  return found
}

function patchOf(path: StorePath): Patch {
  const name = storeNameOf(path)
  return { name, fixes: [...new Set((name.match(CVE) ?? []).map((id) => id.toUpperCase()))].sort() }
}
