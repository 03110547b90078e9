/** Draws a graph. Graphviz is loaded with the first picture, since it is 0.8 MB. */
import { RegistryError } from '../../core/errors/errors.ts'
import type { Dag } from './dag.ts'
import { dotOf } from './dot.ts'
import type { Limits } from './largest.ts'

/** Graphviz draws this in 2 s. Twice the span takes 14 s, and four times overflows its stack (measured). */
export const DRAWN: Limits = { nodes: 600, span: 5000 }

/**
 * @param note a line that stands below the picture.
 * @returns the same bytes for the same graph.
 * @throws RegistryError `too-large` for a graph that Graphviz can't draw.
 */
export async function svgOf(dag: Dag, note?: string): Promise<string> {
  const { Graphviz } = await import('@hpcc-js/wasm-graphviz')
  const graphviz = await Graphviz.load()
  try {
    return graphviz.dot(dotOf(dag, note))
  } catch (cause) {
    throw new RegistryError('too-large', 'Graphviz cannot draw this graph; --format json has it as data', {
      cause,
    })
  }
}
