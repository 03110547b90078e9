/** The difference between two images as a page. */
import { storeNameOf } from '../../../core/nix/store-path.ts'
import {
  differenceOf,
  type PackageChange,
  type PackageState,
} from '../../../insight/difference/difference.ts'
import type { Inventory } from '../../../insight/inventory/component.ts'
import { cut, markup, type Markup, type Part } from '../markup.ts'
import { framedPage } from '../page-frame.ts'
import { countText, sizeText } from '../units.ts'
import { imageUrl } from './image-address.ts'
import type { PageOfImage } from './image-page.ts'

const ROWS = 1000

/** @param image the image now. @param other the image that it is compared with. */
export function differencePage(image: PageOfImage, other: PageOfImage): Markup {
  const [now, before] = [image.image.inventory, other.image.inventory]
  const { packages, unchanged, layers } = differenceOf(before, now)
  const changed = packages.filter((one) => one.before !== undefined && one.after !== undefined)
  const added = packages.filter((one) => one.before === undefined)
  const removed = packages.filter((one) => one.after === undefined)
  return framedPage({
    title: `${storeNameOf(before.image.root)} compared with ${storeNameOf(now.image.root)}`,
    body: markup`<dl>
<dt>Before<dd><a href="${imageUrl(other.address)}">${storeNameOf(before.image.root)}</a><br><code>${before.image.digest}</code>
<dt>Now<dd><a href="${imageUrl(image.address)}">${storeNameOf(now.image.root)}</a><br><code>${now.image.digest}</code>
<dt>Size<dd>${sizeText(sizeOf(before))} before, ${sizeText(sizeOf(now))} now
<dt>To pull<dd>${sizeText(layers.movedBytes)} in ${countText(layers.moved, 'layer')}, for a client that has the image before
<dt>Components<dd>${changed.length} changed, ${added.length} added, ${removed.length} removed, ${unchanged} unchanged
</dl>
${section('Changed', changed.length, changedTable(changed))}
${section(
  'Added',
  added.length,
  packageList(added, ({ after }) => after),
)}
${section(
  'Removed',
  removed.length,
  packageList(removed, (one) => one.before),
)}`,
  })
}

function section(title: string, count: number, table: Markup): Part {
  if (count === 0) return undefined
  return markup`<h2>${title}</h2>
${table}${count > ROWS ? markup`<p>${count - ROWS} more are left out.</p>` : undefined}\n`
}

function changedTable(changes: readonly PackageChange[]): Markup {
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Changed components"><table>
<thead><tr><th scope="col">Name<th scope="col">Before<th scope="col">Now<th scope="col" class="n">Size<th scope="col">Licence</thead>
<tbody>
${changes.slice(0, ROWS).map(
  ({ name, before, after, differs }) =>
    markup`<tr><td>${cut(name, 80)}<td>${cut(before?.version ?? '', 80)}<td>${differs.includes('version') ? cut(after?.version ?? '', 80) : 'made otherwise'}<td class="n">${growth(before?.size, after?.size)}<td>${differs.includes('licence') ? cut(`${before?.licence ?? 'unknown'} → ${after?.licence ?? 'unknown'}`, 200) : undefined}
`,
)}</tbody></table></div>`
}

function packageList(
  changes: readonly PackageChange[],
  stateOf: (change: PackageChange) => PackageState | undefined,
): Markup {
  return markup`<ul class="names">
${changes.slice(0, ROWS).map((change) => {
  const { version = '', size = 0 } = stateOf(change) ?? {}
  return markup`<li>${cut(`${change.name} ${version}`, 120)} <small>${sizeText(size)}</small></li>\n`
})}</ul>`
}

function growth(before: number | undefined, after: number | undefined): string {
  if (before === undefined || after === undefined) return ''
  return after === before ? '±0' : `${after > before ? '+' : '−'}${sizeText(Math.abs(after - before))}`
}

function sizeOf({ image }: Inventory): number {
  return image.layers.reduce((sum, { size }) => sum + size, 0)
}
