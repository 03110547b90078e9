/**
 * Builds for a browser: one small page without anything from elsewhere. A builder's output is text here: it is
 * escaped, no script but the page's own runs (its hash is in the policy), and that one adds text nodes only.
 */
import { createHash } from 'node:crypto'
import type { WorkRecord } from '../../registry/work/work-records.ts'
import { buildUrl } from '../error-table.ts'

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem; overflow-wrap: anywhere }
pre { font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; background: #8881 }
code { overflow-wrap: anywhere }
td, th { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top }
.failed { color: #c33 } .done { color: #292 } .running { color: #27c }
`
/**
 * Follows the log; the page that is loaded at the end has the reason of a failure. Old text goes, for the browser's
 * sake.
 */
const SCRIPT = `
const log = document.querySelector('pre')
const source = new EventSource(location.pathname + '?follow')
source.addEventListener('log', ({ data }) => {
  const isAtEnd = innerHeight + scrollY >= document.body.offsetHeight - 40
  log.append(data + '\\n')
  while (log.childNodes.length > 1000) log.firstChild.remove()
  if (isAtEnd) scrollTo(0, document.body.offsetHeight)
})
source.addEventListener('state', ({ data }) => {
  const { state } = JSON.parse(data)
  Object.assign(document.querySelector('#state'), { textContent: state, className: state })
})
source.addEventListener('end', () => { source.close(); location.reload() })
`

export const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    `style-src '${hashOf(STYLE)}'`,
    `script-src '${hashOf(SCRIPT)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const

/** @param log nothing for one that is followed or isn't kept any more. */
export function buildPage(record: WorkRecord, log: string | undefined): string {
  const { kind, name, path, state, queued, started, ended, failure } = record
  const isLive = state === 'queued' || state === 'running'
  const rows: (readonly [string, string])[] = [
    ['state', `<span id="state" class="${state}">${state}</span>`],
    [kind === 'build' ? 'derivation' : 'path', `<code>${escape(path)}</code>`],
    ['queued', time(queued)],
    ...(started === undefined ? [] : [['started', time(started)] as const]),
    ...(ended === undefined ? [] : [['ended', time(ended)] as const]),
    ...(failure === undefined ? [] : [['why', escape(failure.message)] as const]),
  ]
  const table = rows.map(([title, text]) => `<tr><th>${title}<td>${text}`).join('\n')
  const text = isLive ? '' : escape(log ?? '(its log is not kept any more)')
  return page(
    `${kind} of ${name}`,
    `<table>\n${table}\n</table>\n<pre>${text}</pre>${isLive ? `\n<script>${SCRIPT}</script>` : ''}`,
  )
}

export function listPage(records: readonly WorkRecord[]): string {
  const rows = records.map(
    ({ id, kind, name, state, queued, failure }) =>
      `<tr><td class="${state}">${state}<td>${kind}<td><a href="${buildUrl(id)}">${escape(name)}</a><td>${time(queued)}<td>${escape(failure?.message ?? '')}`,
  )
  return page('builds and fetches', `<table>\n${rows.join('\n')}\n</table>`)
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${STYLE}</style>
<h1>${escape(title)}</h1>
${body}
</html>
`
}

function time(ms: number): string {
  return `<time>${new Date(ms).toISOString().replace('T', ' ').replace(/\..*/, '')}</time> UTC`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
