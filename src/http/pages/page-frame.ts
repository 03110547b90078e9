/** Every page has the same head, navigation and style, and gets nothing from another host. */
import { markup, type Markup, type Part } from './markup.ts'

/** Tells browsers what they may load for a page: files of this server alone, and no script or style within the page. */
export const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

export type Frame = {
  readonly title: string
  readonly body: Part
  /** The place that the navigation marks. */
  readonly place?: 'images' | 'builds'
  /** A file of web/. */
  readonly script?: string
  /** Whether there are pages of images. Default: there are. */
  readonly hasImages?: boolean
  /** Seconds after which the browser loads the page again. */
  readonly refreshSeconds?: number | undefined
}

export function framedPage({ title, body, place, script, hasImages = true, refreshSeconds }: Frame): Markup {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – pushless</title>
<link rel="stylesheet" href="/web/pages.css">
<link rel="icon" href="/web/icon.svg" type="image/svg+xml">
${script === undefined ? undefined : markup`<script src="/web/${script}" defer></script>\n`}${
    refreshSeconds === undefined
      ? undefined
      : markup`<meta http-equiv="refresh" content="${refreshSeconds}">\n`
  }</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><nav aria-label="Pages"><strong>pushless</strong>
${hasImages ? link('/', 'Images', place === 'images') : undefined}
${link('/builds', 'Builds', place === 'builds')}
</nav></header>
<main id="main">
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`
}

function link(url: string, text: string, isHere: boolean): Markup {
  return isHere
    ? markup`<a href="${url}" aria-current="page">${text}</a>`
    : markup`<a href="${url}">${text}</a>`
}
