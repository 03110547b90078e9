/** The images that the registry knows, as a page with a search. */
import { platformName } from '../../core/oci/platform.ts'
import { storeHashOf, storeNameOf } from '../../core/nix/store-path.ts'
import type { KnownImage } from '../../registry/known-image.ts'
import { markup, type Markup, type Part } from './markup.ts'
import { framedPage } from './page-frame.ts'
import { pageOfList, pagerMarkup } from './pager.ts'
import { countText, sizeText, timeMarkup } from './units.ts'

const ROWS = 200
const SEARCH_LENGTH = 200

export function imagesPage(
  images: readonly KnownImage[],
  { search, asked }: { readonly search: string; readonly asked: string | null },
): Markup {
  const wanted = search.trim().toLowerCase()
  const found = wanted === '' ? images : images.filter(({ root }) => root.toLowerCase().includes(wanted))
  const page = pageOfList(found, asked, ROWS)
  const urlOf = (number: number) =>
    `/?${new URLSearchParams({ ...(search === '' ? {} : { q: search }), page: String(number) }).toString()}`
  return framedPage({
    title: 'Images',
    place: 'images',
    body: markup`<form action="/" method="get" role="search">
<label>Search by name or hash <input type="search" name="q" value="${search}" maxlength="${SEARCH_LENGTH}"></label>
<button>Search</button></form>
${images.length === 0 ? markup`<p>No image is known yet. An image is listed here once a client has pulled it.</p>` : markup`<p>${found.length} of ${countText(images.length, 'image')}.</p>`}
${found.length === 0 ? undefined : table(page.items)}
${pagerMarkup(page, urlOf)}
<h2>Another image</h2>
<form action="/images" method="get">
<label>Hash, store path or name of an image <input name="name" required maxlength="400" size="50"></label>
<button>Show</button></form>
<p>To show an image, the registry fetches or builds it, as for a pull.</p>`,
  })
}

function table(images: readonly KnownImage[]): Markup {
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Images"><table>
<thead><tr><th scope="col">Name<th scope="col">Hash<th scope="col">Platform<th scope="col" class="n">Size<th scope="col" class="n">Layers<th scope="col">Last pull</thead>
<tbody>
${images.map(({ root, artifact, pulledMs }) => {
  const base = `${storeHashOf(root)}-${storeNameOf(root)}`
  return markup`<tr><td><a href="/images/${encodeURIComponent(base)}">${storeNameOf(root)}</a><td><code>${storeHashOf(root)}</code>${figures(artifact)}<td>${pulledMs === undefined ? undefined : timeMarkup(pulledMs)}
`
})}</tbody></table></div>`
}

/** The cells of platform, size and number of layers. Empty for an image of an earlier run. */
function figures(artifact: KnownImage['artifact']): Part {
  if (artifact === undefined) return markup`<td><td class="n"><td class="n">`
  if (artifact.kind === 'index') {
    const platforms = artifact.images.flatMap(({ platform }) =>
      platform === undefined ? [] : [platformName(platform)],
    )
    return markup`<td>${platforms.join(', ')}<td class="n"><td class="n">`
  }
  const { platform, layers } = artifact
  const size = layers.reduce((sum, layer) => sum + layer.size, 0)
  return markup`<td>${platform === undefined ? undefined : platformName(platform)}<td class="n">${sizeText(size)}<td class="n">${layers.length}`
}
