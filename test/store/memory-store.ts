/** A store in memory, for what a real one can't be told to do. It passes the same conformance test as the real one. */
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import type { Work } from '../../src/store/work.ts'
import { createHash } from 'node:crypto'
import { contentAddressedPath, formatContentAddress } from '../../src/core/nix/content-address.ts'
import type { Derivation } from '../../src/core/nix/derivation.ts'
import { parseSha256 } from '../../src/core/oci/sha256.ts'
import { RegistryError } from '../../src/core/errors/errors.ts'
import { storeHashOf, type StorePath } from '../../src/core/nix/store-path.ts'
import type { PathInfo, Store } from '../../src/store/store.ts'

/** Paths by output name; `undefined` for a content-addressed output that wasn't built. */
export type Outputs = Readonly<Record<string, StorePath | undefined>>

export type World = {
  readonly valid?: readonly StorePath[]
  /** Paths that a cache has. */
  readonly substitutable?: readonly StorePath[]
  /** By path; without an entry a path refers to nothing. */
  readonly references?: ReadonlyMap<StorePath, readonly StorePath[]>
  /** Outputs of each derivation; whether it is in the store is said by `valid`. */
  readonly derivations?: ReadonlyMap<StorePath, Outputs>
  /** Messages of the builds that fail, by derivation. */
  readonly failures?: ReadonlyMap<StorePath, string>
  /** Warnings of each look-up in the caches. */
  readonly warnings?: readonly string[]
}

export function memoryStore({
  valid: initial = [],
  substitutable = [],
  references = new Map(),
  derivations = new Map(),
  failures = new Map(),
  warnings = [],
}: World = {}): Store {
  const paths = new Map<StorePath, PathInfo>()
  const put = (path: StorePath, more: Partial<PathInfo> = {}): void => {
    paths.set(path, {
      path,
      narHash: createHash('sha256').update(path).digest('hex'),
      narSize: 120,
      references: references.get(path) ?? [],
      deriver: undefined,
      isBuiltHere: false,
      signatures: [],
      contentAddress: '',
      ...more,
    })
  }
  for (const path of initial) put(path)
  const demand = (path: StorePath): PathInfo => {
    const info = paths.get(path)
    if (info === undefined)
      throw new RegistryError('unavailable', `store path is not valid any more: ${path}`)
    return info
  }

  return {
    name: 'memory',
    directory: SYSTEM_STORE,
    connect: async () => '1.0',
    ping: async () => undefined,
    pathFromHash: async (hash) => [...paths.keys()].find((path) => storeHashOf(path) === hash),
    isValid: async (path) => paths.has(path),
    valid: async (asked) => asked.filter((path) => paths.has(path)),
    info: async (path) => paths.get(path),
    narHash: async (path) => demand(path).narHash,
    closure: async (root) => {
      const found = new Map<StorePath, PathInfo>()
      const visit = (path: StorePath): void => {
        if (found.has(path)) return
        const info = demand(path)
        found.set(path, info)
        info.references.forEach(visit)
      }
      visit(root)
      return [...found.values()]
    },
    derivers: async (path) =>
      [...derivations].flatMap(([derivation, outputs]) =>
        paths.has(derivation) && Object.values(outputs).includes(path) ? [derivation] : [],
      ),
    derivation: async (path) => {
      const outputs = derivations.get(path)
      if (outputs === undefined) throw new RegistryError('unservable', `${path} is no derivation`)
      return derivationWith(outputs)
    },
    missing: async (wanted) => {
      const lacking = wanted
        .map((each) => madeBy(each))
        .filter(({ path }) => path === undefined || !paths.has(path))
      const of = (kept: (each: (typeof lacking)[number]) => boolean) =>
        lacking.filter(kept).flatMap(({ derivation, path }) => derivation ?? path ?? [])
      return {
        willSubstitute: lacking.flatMap(({ path }) => (path !== undefined && isOffered(path) ? [path] : [])),
        willBuild: of(
          ({ derivation, path }) => !isOffered(path) && derivation !== undefined && paths.has(derivation),
        ),
        unknown: of(
          ({ derivation, path }) => !isOffered(path) && (derivation === undefined || !paths.has(derivation)),
        ),
        downloadSize: 0,
        narSize: 0,
        warnings,
      }
    },
    fetch: async (path, onEvent) => {
      if (paths.has(path)) return
      if (!substitutable.includes(path))
        throw new RegistryError('fetch-failed', `could not fetch ${path}: no cache has it`, {
          detail: { path },
        })
      onEvent({ kind: 'substituting', path })
      put(path)
    },
    build: async (derivation, output, onEvent) => {
      const { path } = madeBy({ kind: 'build', derivation, output })
      if (path !== undefined && paths.has(path)) return { kind: 'done' }
      onEvent({ kind: 'building', derivation })
      const message = failures.get(derivation)
      if (message !== undefined || path === undefined)
        return { kind: 'failed', status: 'PermanentFailure', message: message ?? 'no such output' }
      put(path, { deriver: derivation, isBuiltHere: true })
      return { kind: 'done' }
    },
    add: async ({ name, method, references: needed, content }) => {
      const hash = createHash('sha256')
      for await (const chunk of content) hash.update(chunk)
      const sha256 = parseSha256(`sha256:${hash.digest('hex')}`)
      const address = sha256 === undefined ? undefined : { method, hash: sha256 }
      const path = address === undefined ? undefined : contentAddressedPath(name, address, needed)
      if (address === undefined || path === undefined || needed.some((each) => !paths.has(each)))
        throw new RegistryError('malformed', `refused ${name}`)
      put(path, { references: needed, contentAddress: formatContentAddress(address) })
      return path
    },
    openRoots: async () => {
      let isOpen = true
      return {
        get isOpen() {
          return isOpen
        },
        add: async () => undefined,
        close: () => void (isOpen = false),
      }
    },
    addRoot: async () => undefined,
    close: () => undefined,
  }

  function isOffered(path: StorePath | undefined): boolean {
    return path !== undefined && substitutable.includes(path)
  }

  function madeBy(wanted: Work): { readonly derivation?: StorePath; readonly path: StorePath | undefined } {
    if (wanted.kind === 'fetch') return { path: wanted.path }
    return { derivation: wanted.derivation, path: derivations.get(wanted.derivation)?.[wanted.output] }
  }
}

function derivationWith(outputs: Outputs): Derivation {
  return {
    outputs: new Map(Object.entries(outputs)),
    inputDerivations: new Map(),
    inputSources: [],
    system: 's',
    builder: 'b',
    args: [],
    env: new Map(),
  }
}
