/** The page of an image: what it is, and everything that is known of its contents. */
import { storeNameOf } from '../../../core/nix/store-path.ts'
import { cut, markup, type Markup, type Part } from '../markup.ts'
import { framedPage } from '../page-frame.ts'
import type { PageImage, Vulnerability } from '../page-image.ts'
import { countText } from '../units.ts'
import { pageOfList, pagerMarkup } from '../pager.ts'
import { componentTable } from './component-table.ts'
import { drawImage } from './drawn-image.ts'
import { chosen, componentUrl, imageUrl, type ImageAddress } from './image-address.ts'
import { downloads, imageFacts, pullCommands, vulnerabilityList } from './image-sections.ts'
import { provenanceSection } from './provenance-section.ts'
import { layerTable } from './layer-table.ts'
import { matches, type ListedComponent } from './listed-components.ts'

export type PageOfImage = {
  readonly address: ImageAddress
  readonly image: PageImage
  /** The host that the client asked. */
  readonly host: string
}

/** Rows of a page. One has 200 bytes. */
const ROWS = 1000
const SEARCH_LENGTH = 200

export function imagePage({ address, image, host }: PageOfImage): Markup {
  const { inventory, vulnerabilities } = image
  const { listed, layers, graph } = drawImage(inventory)
  const name = storeNameOf(inventory.image.root)
  const sections: readonly (readonly [id: string, title: string, body: Part])[] = [
    ['about', 'What it is', imageFacts(image, address)],
    ['pull', 'How to pull it', pullCommands(address, inventory.image.root, host)],
    ['layers', 'Layers', [layers, layerTable(inventory.image.layers, listed)]],
    ...(listed.length === 0 ? [] : [['graph', 'Dependencies', graph] as const]),
    [
      'components',
      'Components',
      componentSection(address, listed, vulnerabilities, { search: '', asked: null }),
    ],
    ['vulnerabilities', 'Vulnerabilities', vulnerabilityList(vulnerabilities, inventory.components)],
    ['provenance', 'Provenance', provenanceSection(image.provenance)],
    ['difference', 'Compare with another image', compareForm(address)],
    ['downloads', 'Downloads', downloads(address, image)],
  ]
  return framedPage({
    title: name,
    script: 'graph.js',
    body: markup`<nav class="contents" aria-label="On this page"><ul>
${sections.map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>\n`)}</ul></nav>
${sections.map(([id, title, body]) => markup`<section id="${id}"><h2>${title}</h2>\n${body}</section>\n`)}`,
  })
}

export type ComponentQuery = {
  /** Words that a component must have. Empty: all components. */
  readonly search: string
  /** The page of the list, as the query has it. */
  readonly asked: string | null
}

/** The components that match a search, or those of a later page, without the pictures. */
export function componentsPage({ address, image }: PageOfImage, query: ComponentQuery): Markup {
  const name = storeNameOf(image.inventory.image.root)
  return framedPage({
    title: `Components of ${name}`,
    body: markup`<p><a href="${imageUrl(address)}">The image</a></p>
${componentSection(address, drawImage(image.inventory).listed, image.vulnerabilities, query)}`,
  })
}

function componentSection(
  address: ImageAddress,
  all: readonly ListedComponent[],
  vulnerabilities: readonly Vulnerability[] | undefined,
  { search, asked }: ComponentQuery,
): Part {
  const found = search === '' ? all : all.filter(({ component }) => matches(component, search))
  const page = pageOfList(found, asked, ROWS)
  const count =
    search === ''
      ? `${countText(all.length, 'store path')}.`
      : `${found.length} of ${countText(all.length, 'store path')} match “${cut(search, SEARCH_LENGTH)}”.`
  const urlOf = (number: number) =>
    imageUrl(address, { query: { q: search === '' ? undefined : search, page: number } })
  return markup`<form action="${imageUrl(address)}" method="get" role="search">
${chosenFields(address)}<label>Search by name, version or licence <input type="search" name="q" value="${search}" maxlength="${SEARCH_LENGTH}"></label>
<button>Search</button></form>
<p>${count}</p>
${found.length === 0 ? undefined : componentTable(page.items, vulnerabilities ?? [], ({ path }) => componentUrl(address, path))}
${pagerMarkup(page, urlOf)}`
}

function compareForm(address: ImageAddress): Markup {
  return markup`<form action="${imageUrl(address)}" method="get">
${chosenFields(address)}<label>Hash, store path or name of the other image <input name="compare" required maxlength="400" size="50"></label>
<button>Compare</button></form>`
}

function chosenFields(address: ImageAddress): Part {
  return Object.entries(chosen(address)).map(
    ([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">`,
  )
}
