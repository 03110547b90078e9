/** The layers of an image as a table, bottom first. */
import type { LayerFacts } from '../../../insight/inventory/component.ts'
import { cut, markup, type Markup } from '../markup.ts'
import { countText, sizeText } from '../units.ts'
import { titleOf, type ListedComponent } from './listed-components.ts'

/** containerd takes 127 layers at most. Other images are not meant to be run. */
const LAYERS_SHOWN = 200
const COMPONENTS_NAMED = 3

export function layerTable(layers: readonly LayerFacts[], components: readonly ListedComponent[]): Markup {
  const byLayer = Map.groupBy(components, ({ layer }) => layer)
  const table = markup`<div class="scroll" tabindex="0" role="region" aria-label="Layers"><table>
<thead><tr><th scope="col" class="n">Number<th scope="col" class="n">Size<th scope="col">Largest components<th scope="col">Digest</thead>
<tbody>
${layers.slice(0, LAYERS_SHOWN).map(
  ({ digest, size }, index) =>
    markup`<tr><td class="n">${index + 1}<td class="n">${sizeText(size)}<td>${namesOf(byLayer.get(index + 1) ?? [])}<td><code>${digest.slice(0, 19)}…</code>
`,
)}</tbody></table></div>
${layers.length > LAYERS_SHOWN ? markup`<p>${layers.length - LAYERS_SHOWN} more are left out.</p>` : undefined}`
  return markup`<details><summary>${countText(layers.length, 'layer')}, bottom first</summary>
${table}</details>`
}

function namesOf(components: readonly ListedComponent[]): string {
  if (components.length === 0) return 'other files'
  const named = components.slice(0, COMPONENTS_NAMED).map(({ component }) => cut(titleOf(component), 60))
  const more = components.length - named.length
  return more === 0 ? named.join(', ') : `${named.join(', ')} and ${more} more`
}
