/** The layers of an image as a treemap: an area is a number of bytes. Within a layer are its components. */
import type { LayerFacts } from '../../../insight/inventory/component.ts'
import { treemap, type Rectangle } from '../../../insight/picture/treemap.ts'
import { cut, markup, type Markup, type Part } from '../markup.ts'
import { sizeText } from '../units.ts'
import { titleOf, type ListedComponent } from './listed-components.ts'

const [WIDTH, HEIGHT] = [1200, 480]
const MAX_LAYERS = 150
const MAX_COMPONENTS = 300
/** Layers differ in colour from their neighbours; pages.css has this many. */
const COLOURS = 6
/** The width of a character of a label, in units of the picture. Labels are 13 units high. */
const CHARACTER_WIDTH = 8
const LABEL_HEIGHT = 20

type Cell = {
  readonly bytes: number
  readonly title: string
  readonly row: number | undefined
}

export function layerPicture(layers: readonly LayerFacts[], components: readonly ListedComponent[]): Markup {
  const byLayer = Map.groupBy(components.slice(0, MAX_COMPONENTS), ({ layer }) => layer)
  const drawn = layers
    .map((facts, index) => ({ ...facts, number: index + 1 }))
    .filter(({ size }) => size > 0)
    .toSorted((a, b) => b.size - a.size)
    .slice(0, MAX_LAYERS)
  const areas = treemap(
    drawn.map(({ size }) => size),
    { x: 0, y: 0, width: WIDTH, height: HEIGHT },
  )
  const boxes = drawn.map(({ number, size }, at) => {
    const area = areas[at] ?? { x: 0, y: 0, width: 0, height: 0 }
    const cells = cellsOf(number, size, byLayer.get(number) ?? [])
    const places = treemap(
      cells.map(({ bytes }) => bytes),
      inner(area),
    )
    return markup`<g class="l${at % COLOURS}">${cells.map((cell, i) => cellMarkup(cell, places[i] ?? area))}</g>\n`
  })
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Picture of the layers">
<svg class="treemap" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Layers by size; the tables below have the same figures">
${boxes}</svg></div>`
}

/** The components of a layer, and one cell for all bytes of it that aren't theirs. */
function cellsOf(number: number, size: number, components: readonly ListedComponent[]): readonly Cell[] {
  const cells = components.flatMap(({ component, row }) =>
    (component.narSize ?? 0) > 0 ? [{ bytes: component.narSize ?? 0, title: titleOf(component), row }] : [],
  )
  const rest = size - cells.reduce((sum, { bytes }) => sum + bytes, 0)
  // Headers of the archive are a few hundred bytes for each file: no cell of their own.
  if (cells.length > 0 && rest < size / 20) return cells
  const title = cells.length === 0 ? `layer ${number}` : `others in layer ${number}`
  return [...cells, { bytes: rest, title, row: undefined }].toSorted((a, b) => b.bytes - a.bytes)
}

function cellMarkup({ title, bytes, row }: Cell, { x, y, width, height }: Rectangle): Part {
  if (width < 1 || height < 1) return undefined
  const shown = `${cut(title, 60)}, ${sizeText(bytes)}`
  const room = Math.floor((width - 8) / CHARACTER_WIDTH)
  const label =
    room >= 4 && height >= LABEL_HEIGHT
      ? markup`<text x="${Math.round(x) + 4}" y="${Math.round(y) + 15}">${cut(title, room)}</text>`
      : undefined
  const box = markup`<path d="M${round(x)} ${round(y)}h${round(width)}v${round(height)}h-${round(width)}z"/><title>${shown}</title>${label}`
  return row === undefined ? markup`<g>${box}</g>` : markup`<a href="#c${row}" tabindex="-1">${box}</a>`
}

/** A line of two units between layers. */
function inner({ x, y, width, height }: Rectangle): Rectangle {
  return {
    x: x + 1,
    y: y + 1,
    width: Math.max(0, width - 2),
    height: Math.max(0, height - 2),
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
