/** `pushless top`: which components of an image cost most bytes, and which are used most. */
import type { Settings } from '../../settings/settings.ts'
import type { Dag } from '../../insight/graph/dag.ts'
import { graphOfInventory } from '../../insight/graph/inventory-graph.ts'
import { sizeText } from '../../insight/graph/node-label.ts'
import { reachabilityOf } from '../../insight/graph/reachability.ts'
import { heaviest, weightsOf, type Weight, type WeightName } from '../../insight/graph/weights.ts'
import { fitText, tableOf, type Column } from '../display/table.ts'
import { openInventory } from './open-inventory.ts'
import { countOf, nameOf, print } from './output.ts'

export type TopOptions = {
  readonly registry?: string
  readonly json: boolean
  readonly limit: number
  /** Both lists where none is given. */
  readonly sort?: WeightName
}

const TITLES = {
  dominated: 'Most bytes that only this component brings',
  own: 'Most bytes of its own',
  closure: 'Most bytes with all that it needs',
  users: 'Used by most others',
} as const satisfies Record<WeightName, string>

const COLUMNS: readonly Column[] = [
  { title: 'COMPONENT', align: 'left' },
  { title: 'BRINGS', align: 'right' },
  { title: 'OWN', align: 'right' },
  { title: 'CLOSURE', align: 'right' },
  { title: 'USERS', align: 'right' },
]

/** @throws RegistryError of any kind. */
export async function top(name: string, settings: Settings, options: TopOptions): Promise<void> {
  const dag = graphOfInventory(await openInventory(name, settings, options))
  const weights = weightsOf(dag, reachabilityOf(dag))
  const [whole] = weights
  const { sort, limit, json } = options
  const data = heaviest(weights, sort ?? 'dominated')
    .slice(0, limit)
    .map(({ node, ...weight }) => ({ ...dag.nodes[node], ...weight }))
  const all = { root: dag.nodes[0]?.path, size: whole?.closure, components: data }
  print(json, all, (width) => topLines(dag, weights, options, width))
}

export function topLines(
  dag: Dag,
  weights: readonly Weight[],
  { sort, limit }: Pick<TopOptions, 'sort' | 'limit'>,
  width: number,
): readonly string[] {
  const count = dag.nodes.length - 1
  const sorts: readonly WeightName[] = sort === undefined ? ['dominated', 'users'] : [sort]
  const end = `: ${countOf(count, 'component')}, ${sizeText(weights[0]?.closure ?? 0)}`
  return [
    `${fitText(nameOf(dag.nodes[0]), width - end.length)}${end}`,
    ...sorts.flatMap((by) => ['', TITLES[by], ...rowsOf(dag, heaviest(weights, by).slice(0, limit), width)]),
    ...(count > limit ? ['', `--limit shows more than ${limit}`] : []),
  ]
}

function rowsOf({ nodes }: Dag, weights: readonly Weight[], width: number): readonly string[] {
  const rows = weights.map(({ node, own, closure, dominated, users }) => {
    const ownText = nodes[node]?.size === undefined ? 'unknown' : sizeText(own)
    return [nameOf(nodes[node]), sizeText(dominated), ownText, sizeText(closure), String(users)]
  })
  return tableOf(COLUMNS, rows, width)
}
