/**
 * Brings a flake and its inputs into the store, as its lock file pins them, without evaluating its outputs. This is an
 * ordinary command of Nix with network. Only then a limited process evaluates the flake, from the store alone.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../core/validator.ts'
import { parseStorePath, type StorePath } from '../core/nix/store-path.ts'
import { parseJson } from '../core/json.ts'
import { runNix, type NixRun } from '../kubernetes/app/run-nix.ts'
import { CatalogueError } from './catalogue-error.ts'

/** A flake with its inputs, and theirs. manifests/catalogue/call-flake.nix reads it. */
export type FlakeGraph = {
  readonly root: string
  readonly nodes: { readonly [name: string]: FlakeNode }
}

type FlakeNode = {
  readonly path: StorePath
  /** False for a source without a flake.nix. */
  readonly isFlake: boolean
  /** Nodes by the names of inputs. */
  readonly inputs: { readonly [name: string]: string }
}

/** More than any chain of inputs that follow others. */
const MAX_FOLLOWS = 100

const ARCHIVE = validatorOf(
  Type.Cyclic(
    {
      Tree: Type.Object({
        path: Type.String(),
        inputs: Type.Record(Type.String(), Type.Ref('Tree')),
      }),
    },
    'Tree',
  ),
)
type Tree = { readonly path: string; readonly inputs: { readonly [name: string]: Tree } }

const LOCK_TYPE = Type.Object({
  root: Type.String(),
  nodes: Type.Record(
    Type.String(),
    Type.Object({
      flake: Type.Optional(Type.Boolean()),
      inputs: Type.Optional(
        Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())])),
      ),
    }),
  ),
})
const LOCK = validatorOf(LOCK_TYPE)
type Lock = Static<typeof LOCK_TYPE>

/**
 * @param reference of a flake, such as `github:owner/repository/<revision>` or a directory. Its lock file must be complete.
 * @throws NixFailure for what can't be fetched; CatalogueError `invalid-catalogue`.
 */
export async function fetchFlake(reference: string, run: NixRun): Promise<FlakeGraph> {
  const features = ['--extra-experimental-features', 'nix-command flakes']
  const args = [...features, 'flake', 'archive', '--json', '--no-update-lock-file', '--', reference]
  const tree: Tree = ARCHIVE.Parse(parseJson(await runNix('nix', args, run)))
  const text = await readFile(join(tree.path, 'flake.lock'), 'utf8').catch(() => undefined)
  const lock = text === undefined ? { root: 'root', nodes: { root: {} } } : LOCK.Parse(parseJson(text))
  return toGraph(tree, lock, reference)
}

/** @param tree store paths of inputs, without those that follow others. */
export function toGraph(tree: Tree, lock: Lock, reference: string): FlakeGraph {
  const nodes = new Map<string, FlakeNode>()
  const invalid = (what: string) =>
    new CatalogueError('invalid-catalogue', `${reference}: flake.lock: ${what}`)

  const nodeOf = (name: string) => {
    const node = Object.hasOwn(lock.nodes, name) ? lock.nodes[name] : undefined
    if (node === undefined) throw invalid(`there is no node ${name}`)
    return node
  }
  const follow = (steps: readonly string[], depth: number): string => {
    if (depth > MAX_FOLLOWS) throw invalid(`inputs follow each other: ${steps.join('/')}`)
    return steps.reduce((name, step) => {
      const target = nodeOf(name).inputs?.[step]
      if (target === undefined) throw invalid(`${name} has no input ${step}`)
      return typeof target === 'string' ? target : follow(target, depth + 1)
    }, lock.root)
  }
  const add = (name: string, at: Tree): void => {
    if (nodes.has(name)) return
    const { flake: isFlake = true, inputs = {} } = nodeOf(name)
    const path = parseStorePath(at.path)
    if (path === undefined) throw invalid(`${name} is not in /nix/store: ${at.path}`)
    const targets = Object.entries(inputs).map(
      ([input, target]) => [input, typeof target === 'string' ? target : follow(target, 0)] as const,
    )
    nodes.set(name, { path, isFlake, inputs: Object.fromEntries(targets) })
    for (const [input, target] of Object.entries(inputs)) {
      const below = at.inputs[input]
      if (typeof target === 'string' && below !== undefined) add(target, below)
    }
  }
  add(lock.root, tree)
  for (const { inputs } of nodes.values())
    for (const target of Object.values(inputs))
      if (!nodes.has(target)) throw invalid(`${target} was not fetched`)
  return { root: lock.root, nodes: Object.fromEntries(nodes) }
}
