/** The components of an image as a table. Pictures link to its rows. */
import type { Component } from '../../../insight/inventory/component.ts'
import { cut, markup, type Markup, type Part } from '../markup.ts'
import type { Vulnerability } from '../page-image.ts'
import { sizeText } from '../units.ts'
import type { ListedComponent } from './listed-components.ts'

const NAME_LENGTH = 80
const LICENCE_LENGTH = 120
const IDS_SHOWN = 5

/** @param urlOf gives the address of a component's own page. */
export function componentTable(
  rows: readonly ListedComponent[],
  vulnerabilities: readonly Vulnerability[],
  urlOf: (component: Component) => string,
): Markup {
  const found = Map.groupBy(vulnerabilities, ({ component }) => component)
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Components"><table class="components">
<thead><tr><th scope="col">Name<th scope="col">Version<th scope="col">Licence<th scope="col" class="n">Size<th scope="col" class="n">Layer<th scope="col" class="n">Used by<th scope="col">Vulnerabilities</thead>
<tbody>
${rows.map(({ component, row, layer, usedBy }) => {
  const { name, version, narSize } = component
  return markup`<tr id="c${row}"><td><a href="${urlOf(component)}">${cut(name, NAME_LENGTH)}</a><td>${cut(version ?? '', NAME_LENGTH)}<td>${cut(licenceText(component), LICENCE_LENGTH)}<td>${narSize === undefined ? undefined : sizeText(narSize)}<td>${layer}<td>${usedBy}<td>${vulnerabilityCell(component, found.get(component.path) ?? [])}
`
})}</tbody></table></div>`
}

export function licenceText({ meta }: Component): string {
  return meta.licences
    .map((licence) => (licence.kind === 'spdx' ? licence.expression : licence.name))
    .join(', ')
}

/** Names the vulnerabilities of a component: those that were found, those that nixpkgs knows, and those that a patch mends. */
function vulnerabilityCell({ meta, patches }: Component, found: readonly Vulnerability[]): Part {
  const ids = [...new Set([...found.map(({ id }) => id), ...meta.knownVulnerabilities])]
  const mended = [...new Set(patches.flatMap(({ fixes }) => fixes))]
  return [
    ids.length === 0 ? undefined : markup`<strong class="bad">${some(ids)}</strong>`,
    ids.length > 0 && mended.length > 0 ? '; ' : undefined,
    mended.length === 0 ? undefined : `patched: ${some(mended)}`,
  ]
}

function some(ids: readonly string[]): string {
  const shown = ids
    .slice(0, IDS_SHOWN)
    .map((id) => cut(id, NAME_LENGTH))
    .join(', ')
  return ids.length > IDS_SHOWN ? `${shown} and ${ids.length - IDS_SHOWN} more` : shown
}
