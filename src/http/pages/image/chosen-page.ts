/** The pages of an image. They are loaded for the first of them, with all that draws them. */
import type { Markup } from '../markup.ts'
import { componentPage } from './component-page.ts'
import { differencePage } from './difference-page.ts'
import { parseImageAddress, type ImageAddress } from './image-address.ts'
import { componentsPage, imagePage, type PageOfImage } from './image-page.ts'

/**
 * The part of an image's pages that the query names.
 * @param pageOf finds the image that this one is compared with.
 */
export async function chosenPage(
  page: PageOfImage,
  query: URLSearchParams,
  pageOf: (address: ImageAddress) => Promise<PageOfImage>,
): Promise<Markup> {
  const compared = query.get('compare')
  if (compared !== null) return differencePage(page, await pageOf(parseImageAddress(compared)))
  const component = query.get('component')
  if (component !== null) return componentPage(page, component)
  const search = query.get('q') ?? ''
  const asked = query.get('page')
  return search === '' && asked === null ? imagePage(page) : componentsPage(page, { search, asked })
}
