/** Long lists come in pages, so that no page of HTML is larger than a browser likes. */
import { markup, type Part } from './markup.ts'

export type ListPage<T> = {
  readonly items: readonly T[]
  /** The number of this page, from 1. */
  readonly number: number
  readonly count: number
  /** The place of the first item in the whole list, from 0. */
  readonly first: number
  readonly total: number
}

/** @param asked the number of the page as the query has it. What is no page of the list gives the nearest one. */
export function pageOfList<T>(list: readonly T[], asked: string | null, length: number): ListPage<T> {
  const count = Math.max(1, Math.ceil(list.length / length))
  const given = Number(asked ?? 1)
  const number = Number.isSafeInteger(given) ? Math.min(count, Math.max(1, given)) : 1
  const first = (number - 1) * length
  return { items: list.slice(first, first + length), number, count, first, total: list.length }
}

/** @param urlOf gives the address of a page. */
export function pagerMarkup<T>(page: ListPage<T>, urlOf: (number: number) => string): Part {
  const { number, count, first, items, total } = page
  if (count === 1) return undefined
  return markup`<p class="pager">${first + 1} to ${first + items.length} of ${total}.
${number > 1 ? markup`<a href="${urlOf(number - 1)}" rel="prev">Previous</a>` : undefined}
${number < count ? markup`<a href="${urlOf(number + 1)}" rel="next">Next</a>` : undefined}</p>`
}
