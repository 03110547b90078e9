/** A failure as a page, for people. It says what the document for programs says (see error-table.ts). */
import { buildUrl } from '../error-table.ts'
import { markup, markupBytes } from './markup.ts'
import { framedPage } from './page-frame.ts'

const TITLES: Readonly<Record<number, string>> = {
  400: 'This address is malformed',
  401: 'This page needs the token',
  404: 'There is no such page or image',
  429: 'Not ready yet',
}

export type Failure = {
  readonly status: number
  readonly text: string
  /** The build or fetch that it is about. */
  readonly build: string | undefined
  /** Seconds after which the page asks again. */
  readonly refreshSeconds: number | undefined
}

export function failurePage({ status, text, build, refreshSeconds }: Failure): Buffer {
  return markupBytes(
    framedPage({
      title: TITLES[status] ?? 'This page cannot be shown',
      refreshSeconds,
      body: markup`<p>${text}</p>
${build === undefined ? undefined : markup`<p><a href="${buildUrl(build)}">The build or fetch, and its log</a></p>`}
${refreshSeconds === undefined ? undefined : markup`<p>This page asks again every ${refreshSeconds} seconds.</p>`}`,
    }),
  )
}
