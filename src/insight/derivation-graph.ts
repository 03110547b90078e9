/**
 * The build-time graph of an image: its derivation, and the derivations of all inputs. Only their names and the sizes of
 * their outputs are taken: the rest of a derivation may hold secrets.
 */
import pLimit from 'p-limit'
import type { Derivation } from '../core/nix/derivation.ts'
import { splitPackageName } from '../core/nix/package-name.ts'
import { parseStorePath, storeNameOf, type StorePath } from '../core/nix/store-path.ts'
import { RegistryError } from '../core/errors/errors.ts'
import type { Store } from '../store/store.ts'
import { makeDag, type Dag, type GraphNode } from './graph/dag.ts'

export type DerivationGraph = {
  readonly dag: Dag
  /** Derivations that are known to be inputs and didn't fit; there may be more behind them. */
  readonly leftOut: number
}

const READS_AT_ONCE = 16

/**
 * Reads derivations nearest to the image first.
 * @param image the store path of the image.
 * @param maxNodes how many derivations the graph may have.
 * @throws RegistryError `name-unknown` when the store doesn't have the image's derivation.
 */
export async function derivationGraph(
  store: Store,
  image: StorePath,
  maxNodes: number,
): Promise<DerivationGraph> {
  const start = await deriverOf(store, image)
  const limit = pLimit(READS_AT_ONCE)
  const numbers = new Map([[start, 0]])
  const nodes: GraphNode[] = []
  const edges: number[][] = []
  const leftOut = new Set<StorePath>()
  for (let level = [start]; level.length > 0;) {
    const valid = new Set(await store.valid(level))
    const read = await Promise.all(level.map((path) => limit(() => readNode(store, path, valid.has(path)))))
    level = []
    for (const { node, inputs } of read) {
      const targets: number[] = []
      for (const input of inputs) {
        const known = numbers.get(input)
        if (known === undefined && numbers.size >= maxNodes) {
          leftOut.add(input)
          continue
        }
        targets.push(known ?? numbers.size)
        if (known !== undefined) continue
        numbers.set(input, numbers.size)
        level.push(input)
      }
      nodes.push(node)
      edges.push(targets)
    }
  }
  return { dag: makeDag({ nodes, edges }), leftOut: leftOut.size }
}

async function deriverOf(store: Store, image: StorePath): Promise<StorePath> {
  const recorded = (await store.info(image))?.deriver
  const candidates = [...(recorded === undefined ? [] : [recorded]), ...(await store.derivers(image))]
  const [found] = await store.valid(candidates)
  if (found !== undefined) return found
  throw new RegistryError(
    'name-unknown',
    `the store does not have the derivation of ${image}: it was fetched, or its derivation was collected`,
  )
}

/** A derivation that isn't in the store, or is damaged, is a node without inputs. */
async function readNode(
  store: Store,
  path: StorePath,
  isValid: boolean,
): Promise<{ readonly node: GraphNode; readonly inputs: readonly StorePath[] }> {
  const split = splitPackageName(storeNameOf(path).replace(/\.drv$/, ''))
  const made = isValid ? await store.derivation(path).catch(() => undefined) : undefined
  const inputs = [...(made?.inputDerivations.keys() ?? [])].flatMap((text) => parseStorePath(text) ?? [])
  const size = made === undefined ? undefined : await outputSize(store, made)
  return { node: { path, ...split, output: undefined, size }, inputs: inputs.toSorted() }
}

/** Bytes of the outputs that the store has; `undefined` where it has none. */
async function outputSize(store: Store, { outputs }: Derivation): Promise<number | undefined> {
  let size: number | undefined
  for (const path of outputs.values()) {
    const info = path === undefined ? undefined : await store.info(path)
    if (info !== undefined) size = (size ?? 0) + info.narSize
  }
  return size
}
