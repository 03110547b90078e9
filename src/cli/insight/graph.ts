/** `pushless graph`: which store paths of an image need which, or which derivations build it. */
import type { Settings } from '../../settings/settings.ts'
import type { Dag } from '../../insight/graph/dag.ts'
import { dotOf } from '../../insight/graph/dot.ts'
import { derivationGraph } from '../../insight/derivation-graph.ts'
import { graphOfInventory } from '../../insight/graph/inventory-graph.ts'
import { largestPart } from '../../insight/graph/largest.ts'
import { reachabilityOf, type Reachability } from '../../insight/graph/reachability.ts'
import { DRAWN, svgOf } from '../../insight/graph/svg.ts'
import { treeOf } from '../../insight/graph/tree.ts'
import { withInsights } from './with-insights.ts'
import { isDocument, openInventory } from './open-inventory.ts'
import { UsageError } from '../usage-error.ts'
import type { GraphFormat } from './graph-formats.ts'
import { countOf, outputWidth } from './output.ts'

export type GraphOptions = {
  readonly build: boolean
  readonly format: GraphFormat
  readonly registry?: string
}

/** Derivations of one graph. A system of nixpkgs has about 10,000. */
const MAX_DERIVATIONS = 20_000
const MAX_TREE_LINES = 1000

/** Tells on standard error what the graph doesn't have. @throws RegistryError of any kind, UsageError. */
export async function graph(name: string, settings: Settings, options: GraphOptions): Promise<void> {
  const { dag, leftOut } = options.build
    ? await buildGraph(name, settings, options.registry)
    : { dag: graphOfInventory(await openInventory(name, settings, options)), leftOut: 0 }
  if (leftOut > 0)
    warn(
      `the graph has the ${MAX_DERIVATIONS} derivations nearest to the image; at least ${leftOut} are left out`,
    )
  if (dag.circular > 0)
    warn(
      `${countOf(dag.circular, 'reference')} that closed a circle ${dag.circular === 1 ? 'is' : 'are'} left out`,
    )
  process.stdout.write(await WRITE[options.format](dag, reachabilityOf(dag)))
}

const WRITE = {
  tree: async (dag, { direct }) => {
    const lines = treeOf({ ...dag, edges: direct }, { lines: MAX_TREE_LINES, width: outputWidth() })
    return `${lines.join('\n')}\n`
  },
  dot: async (dag, { direct }) => dotOf({ ...dag, edges: direct }),
  svg: async (dag, reachability) => {
    const part = largestPart(dag, reachability, DRAWN)
    if (part.leftOut === 0) return svgOf(part.dag)
    const note = `the largest ${part.dag.nodes.length} of ${dag.nodes.length} nodes; ${part.leftOut} are left out`
    warn(`the picture has ${note}`)
    return svgOf(part.dag, note)
  },
  json: async (dag, { direct }) => {
    const pathOf = (node: number) => dag.nodes[node]?.path
    const nodes = dag.nodes.map((node, i) => ({
      ...node,
      references: (dag.edges[i] ?? []).map(pathOf),
      direct: (direct[i] ?? []).map(pathOf),
    }))
    return `${JSON.stringify({ root: pathOf(0), nodes }, null, 2)}\n`
  },
} as const satisfies Record<GraphFormat, (dag: Dag, reachability: Reachability) => Promise<string>>

async function buildGraph(name: string, settings: Settings, registry: string | undefined) {
  if (registry !== undefined || (await isDocument(name)))
    throw new UsageError(
      '--build reads derivations, which only a store has; leave out --registry and documents',
    )
  return withInsights(name, settings, async ({ image, store }) =>
    derivationGraph(store, (await image()).root, MAX_DERIVATIONS),
  )
}

function warn(text: string): void {
  process.stderr.write(`pushless: ${text}\n`)
}
