/** Links to addresses that packages and scanners give. */
import { markup, type Part } from '../markup.ts'

/** @returns a link to an address of the web, and the text alone for any other, such as `javascript:`. */
export function webLink(url: string | undefined, text: string): Part {
  if (url === undefined || !/^https?:\/\//i.test(url) || !URL.canParse(url) || url.length > 2000) return text
  return markup`<a href="${url}" rel="noreferrer external">${text}</a>`
}
