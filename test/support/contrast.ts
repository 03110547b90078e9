/** Contrasts of the texts that a page shows, as WCAG 2.1 measures them (sections 1.4.3 and "relative luminance"). */
import type { Page } from 'playwright-core'

const LEAST = 4.5

type Shown = { readonly text: string; readonly colour: string; readonly ground: string }

/** @returns the texts whose contrast to what they stand on is less than 4.5, with the contrast. */
export async function lowContrasts(page: Page): Promise<readonly string[]> {
  const shown = await page.evaluate<readonly Shown[]>('inBrowser.colours()')
  return shown.flatMap(({ text, colour, ground }) => {
    const ratio = contrast(parse(colour), parse(ground))
    return ratio >= LEAST ? [] : [`${text}: ${colour} on ${ground} is ${ratio.toFixed(2)}`]
  })
}

type Colour = readonly [red: number, green: number, blue: number]

function parse(text: string): Colour {
  const [red = 0, green = 0, blue = 0] = (text.match(/[\d.]+/g) ?? []).map(Number)
  return [red, green, blue]
}

function contrast(a: Colour, b: Colour): number {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x)
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
}

function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
