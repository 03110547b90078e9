/** The graph of the packages of a release: one package for each dependency, and no circles. */
import type { Package } from './packages-file.ts'

export type PackageGraph = {
  readonly packages: ReadonlyMap<string, Package>
  /** The packages that one needs, circles included. */
  readonly needs: (name: string) => readonly string[]
  /** How many packages of the release need one directly. */
  readonly popularity: ReadonlyMap<string, number>
}

/** Of the alternatives of a dependency the first counts that the release has, else its first provider by name. */
export function packageGraph(list: readonly Package[]): PackageGraph {
  const packages = new Map(list.map((entry) => [entry.name, entry]))
  const providers = new Map<string, string>()
  for (const { name, provides } of list.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    for (const provided of provides) if (!providers.has(provided)) providers.set(provided, name)
  const needs = (name: string) => {
    const found = (packages.get(name)?.depends ?? []).flatMap(
      (alternatives) =>
        alternatives.find((one) => packages.has(one)) ??
        alternatives.map((one) => providers.get(one)).find((one) => one !== undefined) ??
        [],
    )
    return [...new Set(found)].filter((one) => one !== name)
  }
  const popularity = new Map<string, number>()
  for (const name of packages.keys())
    for (const needed of needs(name)) popularity.set(needed, (popularity.get(needed) ?? 0) + 1)
  return { packages, needs, popularity }
}

export function closureOf({ needs }: PackageGraph, roots: readonly string[]): ReadonlySet<string> {
  const found = new Set(roots)
  for (const name of found) for (const needed of needs(name)) found.add(needed)
  return found
}

/**
 * Returns what each package needs, without circles: between packages that need each other, only the one that comes
 * later by name keeps its dependency. So libgcc-s1 needs libc6, as in Nix, and not the other way round.
 */
export function withoutCircles(
  graph: PackageGraph,
  names: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const circle = circles(graph, names)
  return new Map(
    [...names].map((name) => [
      name,
      graph.needs(name).filter((needed) => circle.get(needed) !== circle.get(name) || needed < name),
    ]),
  )
}

/** Numbers the strongly connected components: Tarjan's algorithm. */
function circles({ needs }: PackageGraph, names: ReadonlySet<string>): ReadonlyMap<string, number> {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const found = new Map<string, number>()
  const visit = (name: string): number => {
    const number = order.size
    order.set(name, number)
    stack.push(name)
    let low = number
    for (const needed of needs(name)) {
      if (!order.has(needed)) low = Math.min(low, visit(needed))
      else if (!found.has(needed)) low = Math.min(low, order.get(needed) ?? low)
    }
    lowest.set(name, low)
    if (low === number) for (const member of stack.splice(stack.indexOf(name))) found.set(member, number)
    return low
  }
  for (const name of [...names].sort()) if (!order.has(name)) visit(name)
  return found
}
