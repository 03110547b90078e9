/** The page of one component of an image: its facts, and its neighbours in the graph as lists. */
import type { Component } from '../../../insight/inventory/component.ts'
import { storeHashOf, storeNameOf } from '../../../core/nix/store-path.ts'
import { RegistryError } from '../../../core/errors/errors.ts'
import { cut, markup, type Markup, type Part } from '../markup.ts'
import { framedPage } from '../page-frame.ts'
import { countText, sizeText } from '../units.ts'
import { licenceText } from './component-table.ts'
import { componentUrl, imageUrl, type ImageAddress } from './image-address.ts'
import type { PageOfImage } from './image-page.ts'
import { vulnerabilityList } from './image-sections.ts'
import { titleOf } from './listed-components.ts'
import { webLink } from './web-link.ts'

const NEIGHBOURS_SHOWN = 500
const TEXT_LENGTH = 400
const LIST_LENGTH = 100

/** @param hash of the component's store path. @throws RegistryError `not-found` for one that the image doesn't have. */
export function componentPage({ address, image }: PageOfImage, hash: string): Markup {
  const { components, image: facts } = image.inventory
  const found = components.find(({ path }) => storeHashOf(path) === hash)
  if (found === undefined) throw new RegistryError('not-found', 'the image has no component with this hash')
  const wanted = new Set(found.references)
  const needs = components.filter(({ path }) => wanted.has(path))
  const users = components.filter(({ references }) => references.includes(found.path))
  const about = image.vulnerabilities?.filter(({ component }) => component === found.path)
  return framedPage({
    title: cut(titleOf(found), 120),
    body: markup`<p>A component of <a href="${imageUrl(address)}">${storeNameOf(facts.root)}</a></p>
${factsOf(found)}
<h2>Vulnerabilities</h2>
${vulnerabilityList(about, [found])}
<h2>It refers to ${countText(needs.length, 'component')}</h2>
${list(address, needs)}
<h2>Referred to by ${countText(users.length, 'component')}</h2>
${list(address, users)}`,
  })
}

function factsOf(component: Component): Markup {
  const { path, narHash, narSize, output, layer, sources, patches, meta } = component
  const rows: readonly (readonly [string, Part])[] = [
    ['Store path', markup`<code>${path}</code>`],
    ['Description', text(meta.description)],
    ['Licence', text(licenceText(component))],
    ['Homepage', meta.homepage === undefined ? undefined : webLink(meta.homepage, cut(meta.homepage, 120))],
    ['Output', text(output)],
    ['Size', narSize === undefined ? undefined : sizeText(narSize)],
    ['SHA-256', narHash === undefined ? undefined : markup`<code>${narHash}</code>`],
    ['Layer', layer === undefined ? undefined : markup`<code>${layer.digest}</code>`],
    ['Supplier', text(meta.supplier)],
    ['CPE', text(meta.cpe)],
    ['Package URL', text(meta.purl)],
    ['Defined in', text(meta.position)],
    ...sources
      .slice(0, LIST_LENGTH)
      .map(({ url }): readonly [string, Part] => ['Source', webLink(url, cut(url, TEXT_LENGTH))]),
    ...patches
      .slice(0, LIST_LENGTH)
      .map(({ name, fixes }): readonly [string, Part] => [
        'Patch',
        cut(fixes.length === 0 ? name : `${name}, for ${fixes.join(', ')}`, TEXT_LENGTH),
      ]),
  ]
  return markup`<dl>
${rows.map(([name, value]) => (value === undefined || value === '' ? undefined : markup`<dt>${name}<dd>${value}\n`))}</dl>`
}

function text(value: string | undefined): string | undefined {
  return value === undefined ? undefined : cut(value, TEXT_LENGTH)
}

function list(address: ImageAddress, components: readonly Component[]): Part {
  if (components.length === 0) return undefined
  const more = components.length - NEIGHBOURS_SHOWN
  return markup`<ul class="names">
${components.slice(0, NEIGHBOURS_SHOWN).map((component) => {
  return markup`<li><a href="${componentUrl(address, component.path)}">${cut(titleOf(component), 120)}</a></li>\n`
})}</ul>
${more > 0 ? markup`<p>${more} more are left out.</p>` : undefined}`
}
