/**
 * The dependencies of an image as a picture. It is whole without a script: its nodes link to rows of the table. With
 * web/graph.js it can be moved, enlarged, and asked who needs whom.
 */
import { drawnGraph, type Edge } from '../../../insight/picture/drawn-graph.ts'
import { BOX, layoutGraph, type Place } from '../../../insight/picture/graph-layout.ts'
import { cut, markup, type Markup, type Part } from '../markup.ts'
import { sizeText } from '../units.ts'
import { titleOf, type ListedComponent } from './listed-components.ts'

/** More nodes are no picture any more, and make a browser slow. */
const LIMITS = { components: 500, references: 1000 }
const LABEL_LENGTH = 21
/** How far a line goes straight on before it bends. */
const BEND = 36

/** @param components largest first. */
export function graphPicture(image: string, components: readonly ListedComponent[]): Markup {
  const graph = drawnGraph(
    components.map(({ component }) => component),
    LIMITS,
  )
  const { width, height, places } = layoutGraph(graph)
  const at = (node: number): Place => places[node] ?? { x: 0, y: 0 }
  const { leftOut } = graph
  return markup`<p>A line goes from left to right: from what needs to what is needed. A reference that follows from others is not drawn.
${leftOut.components > 0 ? `The picture has the ${components.length - leftOut.components} largest components; ${leftOut.components} smaller ones are left out.` : undefined}
${leftOut.references > 0 ? `${leftOut.references} references are left out.` : undefined}</p>
<div class="graph-tools" hidden>
<button type="button" data-do="in">Enlarge</button>
<button type="button" data-do="out">Make smaller</button>
<button type="button" data-do="all">Show all</button>
<button type="button" data-do="clear">Clear</button>
<span class="hint">Drag to move, Ctrl and wheel to zoom. On the keyboard: arrows, + and −, 0 for all. On a component: arrows go along its references, Enter marks it.</span>
</div>
<div class="graph-frame" tabindex="0" role="region" aria-label="Picture of the dependencies">
<svg class="graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="group" aria-label="Dependencies; the pages of the components have the same in words">
<g class="edges">
${graph.edges.map((edge) => edgeMarkup(edge, at(edge.from), at(edge.to)))}</g>
<g class="nodes">
${nodeMarkup(0, at(0), image, image, '#main')}${components
    .slice(0, graph.nodes - 1)
    .map(({ component, row }) =>
      nodeMarkup(
        row + 1,
        at(row + 1),
        titleOf(component),
        component.narSize === undefined ? undefined : sizeText(component.narSize),
        `#c${row}`,
      ),
    )}</g>
</svg></div>
<p class="graph-said" role="status"></p>`
}

/** A line in relative steps, which are shorter to write. */
function edgeMarkup({ from, to }: Edge, a: Place, b: Place): Markup {
  const [x, y] = [a.x + BOX.width, a.y + BOX.height / 2]
  const [right, down] = [b.x - x, b.y - a.y]
  return markup`<path data-e="${from} ${to}" d="M${x} ${y}c${BEND} 0 ${right - BEND} ${down} ${right} ${down}"/>
`
}

function nodeMarkup(node: number, { x, y }: Place, title: string, size: Part, url: string): Markup {
  const short = cut(title, LABEL_LENGTH)
  const whole = short === title ? undefined : markup`<title>${cut(title, 120)}</title>`
  return markup`<a href="${url}" tabindex="-1" data-n="${node}" data-s="${size}">${whole}<path d="M${x} ${y}h${BOX.width}v${BOX.height}h-${BOX.width}z"/><text x="${x + 8}" y="${y + 18}">${short}</text></a>
`
}
