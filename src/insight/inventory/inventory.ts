/**
 * The components of an image: every store path of its closure, with the facts that the store has about it. A fact that
 * isn't known is left out, never guessed. Of derivations only names, versions, URLs and hashes are taken: their
 * environment may hold secrets.
 */
import pLimit from 'p-limit'
import type { Derivation } from '../../core/nix/derivation.ts'
import { splitPackageName } from '../../core/nix/package-name.ts'
import { parseStorePath, storeNameOf, type StorePath } from '../../core/nix/store-path.ts'
import type { ClosurePath, Store } from '../../store/store.ts'
import type { Image } from '../../registry/artifact/image.ts'
import type { Component, ImageFacts, Inventory, Patch } from './component.ts'
import { NO_META } from './package-meta.ts'
import { sourceArchiveOf, type SourceArchive } from './source-archive.ts'

/** Derivations read at once. */
const READS_AT_ONCE = 16
const CVE = /CVE-\d{4}-\d{4,}/gi

/** @throws RegistryError `unavailable` when a path vanished. */
export async function inventoryOf(store: Store, image: Image): Promise<Inventory> {
  const closure = await store.closure(image.root)
  const layers = layersByPath(image)
  const limit = pLimit(READS_AT_ONCE)
  const components = await Promise.all(
    closure
      .filter(({ path }) => path !== image.root)
      .map((info) => limit(() => componentOf(store, info, layers))),
  )
  const roots = closure.find(({ path }) => path === image.root)?.references ?? []
  return {
    image: imageFactsOf(image),
    roots: roots.filter((path) => path !== image.root).toSorted(),
    components: components.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    opaqueLayers: [],
  }
}

function imageFactsOf({ root, manifest, layers }: Image): ImageFacts {
  return {
    root,
    digest: manifest.digest,
    layers: layers.map(({ digest, diffId, size }) => ({ digest, diffId, size })),
  }
}

async function componentOf(
  store: Store,
  info: ClosurePath,
  layers: ReadonlyMap<StorePath, Component['layer']>,
): Promise<Component> {
  const { path, narHash, narSize, references } = info
  const derivation = await deriverOf(store, info)
  const split = splitPackageName(storeNameOf(path))
  const own = derivation === undefined ? undefined : attributesOf(derivation)
  const output = derivation === undefined ? undefined : outputOf(derivation, path)
  return {
    path,
    name: own?.pname ?? split.name,
    version: own?.version ?? withoutOutput(split.version, output),
    output,
    narHash,
    narSize,
    references: references.filter((other) => other !== path).toSorted(),
    layer: layers.get(path),
    sources: derivation === undefined ? [] : await sourcesOf(store, derivation, own?.sources ?? []),
    patches: (own?.patches ?? []).map(patchOf),
    meta: NO_META,
  }
}

/** The derivation that made a path, if the store still has it. */
async function deriverOf(store: Store, { deriver }: ClosurePath): Promise<Derivation | undefined> {
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

/** Store names of other outputs than `out` end with the output: `1.2-dev`. */
function withoutOutput(version: string | undefined, output: string | undefined): string | undefined {
  const suffix = `-${output}`
  return output !== undefined && version?.endsWith(suffix) === true
    ? version.slice(0, -suffix.length)
    : version
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

function layersByPath({ layers }: Image): ReadonlyMap<StorePath, Component['layer']> {
  return new Map(
    layers.flatMap(({ source, digest, diffId }) =>
      source.kind === 'paths' ? source.paths.map((path) => [path, { digest, diffId }] as const) : [],
    ),
  )
}
