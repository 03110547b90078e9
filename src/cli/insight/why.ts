/** `pushless why`: the shortest ways from an image to a component. */
import type { Settings } from '../../settings/settings.ts'
import type { Dag } from '../../insight/graph/dag.ts'
import { findComponents } from '../../insight/graph/find-component.ts'
import { graphOfInventory } from '../../insight/graph/inventory-graph.ts'
import { sizeText } from '../../insight/graph/node-label.ts'
import { MAX_COUNT, shortestPaths, type ShortestPaths } from '../../insight/graph/shortest-paths.ts'
import { fitText } from '../display/table.ts'
import { openInventory } from './open-inventory.ts'
import { countOf, nameOf, print } from './output.ts'

export type WhyOptions = {
  readonly registry?: string
  readonly json: boolean
  /** How many ways are shown of each component. */
  readonly limit: number
}

/** Outputs and versions of one package that are shown. */
const MAX_COMPONENTS = 20
/** A longer way is shown by its ends. */
const MAX_STEPS = 30

/** @throws RegistryError `name-unknown` for a component that the image doesn't have, or of any kind. */
export async function why(
  name: string,
  component: string,
  settings: Settings,
  options: WhyOptions,
): Promise<void> {
  const dag = graphOfInventory(await openInventory(name, settings, options))
  const all = findComponents(dag.nodes, component)
  const found = all
    .slice(0, MAX_COMPONENTS)
    .map((node) => ({ node, ...shortestPaths(dag, node, options.limit) }))
  const data = found.map(({ node, count, paths }) => ({
    ...dag.nodes[node],
    count,
    isCountExact: count < MAX_COUNT,
    paths: paths.map((way) => way.map((step) => dag.nodes[step]?.path)),
  }))
  print(options.json, data, (width) => {
    const rest = all.length - found.length
    const more = rest === 0 ? [] : ['', `… and ${rest} more components of this name; name a store path`]
    return [...found.flatMap((one, i) => [...(i === 0 ? [] : ['']), ...whyLines(dag, one, width)]), ...more]
  })
}

type Ways = ShortestPaths & { readonly node: number }

/** The store path is never cut, since it is there to be copied. */
export function whyLines({ nodes }: Dag, { node, count, paths }: Ways, width: number): readonly string[] {
  const size = nodes[node]?.size
  const steps = countOf((paths[0]?.length ?? 1) - 1, 'step')
  const number = count >= MAX_COUNT ? `more than ${MAX_COUNT} ways` : countOf(count, 'shortest way')
  const end = `${size === undefined ? '' : `, ${sizeText(size)}`}: ${number} of ${steps}`
  const rest = count - paths.length
  const names = paths.map((way) => shortened(way.map((step) => nameOf(nodes[step]))))
  return [
    `${fitText(nameOf(nodes[node]), width - end.length)}${end}`,
    `  ${nodes[node]?.path ?? ''}`,
    ...names.flatMap((way) => ['', ...way.map((text, depth) => fitText(indented(text, depth), width))]),
    ...(rest > 0 ? ['', `  … and ${count >= MAX_COUNT ? 'many' : rest} more of this length`] : []),
  ]
}

function indented(text: string, depth: number): string {
  return depth === 0 ? `  ${text}` : `  ${'   '.repeat(Math.min(depth, MAX_DEPTH) - 1)}└─ ${text}`
}

/** Deeper lines aren't indented further, so that 80 columns have room for their names. */
const MAX_DEPTH = 12

function shortened(way: readonly string[]): readonly string[] {
  if (way.length <= MAX_STEPS) return way
  const half = MAX_STEPS / 2
  return [...way.slice(0, half), `… ${way.length - MAX_STEPS} more steps`, ...way.slice(-half)]
}
