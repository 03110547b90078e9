/** A graph in the language of Graphviz. Source: graphviz.org, "The DOT Language", "Node Shapes". */
import { basename } from 'node:path/posix'
import type { Dag, GraphNode } from './dag.ts'
import { labelOf, sizeText } from './node-label.ts'

const HEAD = [
  '  rankdir=LR',
  '  node [shape=box, style="rounded,filled", fillcolor="#f4f6f8", color="#8795a1", fontname="sans-serif", fontsize=11]',
  '  edge [color="#8795a1", arrowsize=0.6]',
]

/** @param note a line that stands below the picture. */
export function dotOf({ nodes, edges }: Dag, note?: string): string {
  const ids = nodes.map(({ path }) => quoted(basename(path)))
  return [
    'digraph image {',
    ...HEAD,
    ...(note === undefined ? [] : [`  label=${quoted(note)}`]),
    ...nodes.map((node, number) => `  ${ids[number]} [label=${textOf(node)}, tooltip=${quoted(node.path)}]`),
    ...edges.flatMap((targets, from) => targets.map((to) => `  ${ids[from]} -> ${ids[to]}`)),
    '}',
    '',
  ].join('\n')
}

function textOf(node: GraphNode): string {
  const size = node.size === undefined ? [] : [sizeText(node.size)]
  return `"${[labelOf(node), ...size].map(escaped).join(String.raw`\n`)}"`
}

function quoted(text: string): string {
  return `"${escaped(text)}"`
}

/** Graphviz reads entities of HTML in texts, and a backslash begins an escape. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
