/** The difference between two images as a page. */
import { storeNameOf } from '../../../core/nix/store-path.ts'
import type { Component, Inventory } from '../../../insight/inventory/component.ts'
import { inventoryDifference, type Change } from '../../../insight/difference/inventory-difference.ts'
import { cut, markup, type Markup, type Part } from '../markup.ts'
import { framedPage } from '../page-frame.ts'
import { sizeText } from '../units.ts'
import { licenceText } from './component-table.ts'
import { imageUrl } from './image-address.ts'
import type { PageOfImage } from './image-page.ts'
import { titleOf } from './listed-components.ts'

const ROWS = 1000

/** @param image the image now. @param other the image that it is compared with. */
export function differencePage(image: PageOfImage, other: PageOfImage): Markup {
  const [now, before] = [image.image.inventory, other.image.inventory]
  const { added, removed, changed, unchanged } = inventoryDifference(before, now)
  return framedPage({
    title: `${storeNameOf(before.image.root)} compared with ${storeNameOf(now.image.root)}`,
    body: markup`<dl>
<dt>Before<dd><a href="${imageUrl(other.address)}">${storeNameOf(before.image.root)}</a><br><code>${before.image.digest}</code>
<dt>Now<dd><a href="${imageUrl(image.address)}">${storeNameOf(now.image.root)}</a><br><code>${now.image.digest}</code>
<dt>Size<dd>${sizeText(sizeOf(before))} before, ${sizeText(sizeOf(now))} now
<dt>To pull<dd>${sizeText(newBytes(before, now))} for a client that has the image before
<dt>Components<dd>${changed.length} changed, ${added.length} added, ${removed.length} removed, ${unchanged} unchanged
</dl>
${section('Changed', changed.length, changedTable(changed))}
${section('Added', added.length, componentList(added))}
${section('Removed', removed.length, componentList(removed))}`,
  })
}

function section(title: string, count: number, table: Markup): Part {
  if (count === 0) return undefined
  return markup`<h2>${title}</h2>
${table}${count > ROWS ? markup`<p>${count - ROWS} more are left out.</p>` : undefined}\n`
}

function changedTable(changes: readonly Change[]): Markup {
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Changed components"><table>
<thead><tr><th scope="col">Name<th scope="col">Before<th scope="col">Now<th scope="col" class="n">Size<th scope="col">Licence</thead>
<tbody>
${changes.slice(0, ROWS).map(({ before, after }) => {
  const isRebuilt = before.version === after.version
  const [was, is] = [licenceText(before), licenceText(after)]
  return markup`<tr><td>${cut(after.name, 80)}<td>${cut(before.version ?? '', 80)}<td>${isRebuilt ? 'made otherwise' : cut(after.version ?? '', 80)}<td class="n">${growth(before, after)}<td>${was === is ? undefined : cut(`${was || 'unknown'} → ${is || 'unknown'}`, 200)}
`
})}</tbody></table></div>`
}

function componentList(components: readonly Component[]): Markup {
  return markup`<ul class="names">
${components.slice(0, ROWS).map((component) => markup`<li>${cut(titleOf(component), 120)} <small>${sizeText(component.narSize ?? 0)}</small></li>\n`)}</ul>`
}

function growth({ narSize: before }: Component, { narSize: after }: Component): string {
  if (before === undefined || after === undefined) return ''
  return after === before ? '±0' : `${after > before ? '+' : '−'}${sizeText(Math.abs(after - before))}`
}

function sizeOf({ image }: Inventory): number {
  return image.layers.reduce((sum, { size }) => sum + size, 0)
}

function newBytes(before: Inventory, now: Inventory): number {
  const has = new Set(before.image.layers.map(({ digest }) => digest))
  return now.image.layers.reduce((sum, { digest, size }) => sum + (has.has(digest) ? 0 : size), 0)
}
