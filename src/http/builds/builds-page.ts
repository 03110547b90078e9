/** Builds as pages. A builder's output is text here: it is escaped, and web/build.js adds text nodes only. */
import { isOver } from '../../registry/work/follow.ts'
import type { WorkRecord } from '../../registry/work/work-records.ts'
import { buildUrl } from '../error-table.ts'
import { markup, type Markup, type Part } from '../pages/markup.ts'
import { framedPage } from '../pages/page-frame.ts'
import { timeMarkup } from '../pages/units.ts'

/**
 * @param log nothing for one that is followed or isn't kept any more.
 * @param hasImages whether there are pages of images.
 */
export function buildPage(record: WorkRecord, log: string | undefined, hasImages: boolean): Markup {
  const { kind, name, path, state, queued, started, ended, failure } = record
  const isLive = !isOver(record)
  const rows: readonly (readonly [string, Part])[] = [
    ['State', markup`<span id="state" class="state ${state}">${state}</span>`],
    [kind === 'build' ? 'Derivation' : 'Path', markup`<code>${path}</code>`],
    ['Queued', timeMarkup(queued)],
    ['Started', started === undefined ? undefined : timeMarkup(started)],
    ['Ended', ended === undefined ? undefined : timeMarkup(ended)],
    ['Why', failure?.message],
  ]
  return framedPage({
    title: `${kind} of ${name}`,
    place: 'builds',
    hasImages,
    ...(isLive ? { script: 'build.js' } : {}),
    body: markup`<dl>
${rows.map(([title, value]) => (value === undefined ? undefined : markup`<dt>${title}<dd>${value}\n`))}</dl>
<h2>Log</h2>
${isLive ? markup`<noscript><p>Load this page again to see the log, once it is over.</p></noscript>\n` : undefined}<pre id="log" tabindex="0" aria-label="Log">${isLive ? '' : (log ?? '(its log is not kept any more)')}</pre>`,
  })
}

export function listPage(records: readonly WorkRecord[], hasImages: boolean): Markup {
  return framedPage({
    title: 'Builds and fetches',
    place: 'builds',
    hasImages,
    body:
      records.length === 0
        ? markup`<p>Nothing was built or fetched yet.</p>`
        : markup`<div class="scroll" tabindex="0" role="region" aria-label="Builds and fetches"><table>
<thead><tr><th scope="col">State<th scope="col">Kind<th scope="col">Name<th scope="col">Queued<th scope="col">Why</thead>
<tbody>
${records.map(
  ({ id, kind, name, state, queued, failure }) =>
    markup`<tr><td class="state ${state}">${state}<td>${kind}<td><a href="${buildUrl(id)}">${name}</a><td>${timeMarkup(queued)}<td>${failure?.message}
`,
)}</tbody></table></div>`,
  })
}
