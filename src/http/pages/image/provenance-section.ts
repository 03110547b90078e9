/** The origin of an image on its page. */
import type { Origin } from '../../../insight/provenance/origin.ts'
import { cut, markup, type Markup, type Part } from '../markup.ts'
import type { ImageProvenance } from '../page-image.ts'
import { countText } from '../units.ts'
import { webLink } from './web-link.ts'

const SOURCES_SHOWN = 200
const NAME_LENGTH = 120

export function provenanceSection(given: ImageProvenance | undefined): Markup {
  if (given === undefined) return markup`<p>The registry has no statement about how this image was made.</p>`
  const { origin, derivation } = given.facts
  const { sources = [], unknownDerivations = 0 } = derivation?.materials ?? {}
  const rows: readonly (readonly [string, Part])[] = [
    ['Made', madeText(origin)],
    ['Derivation', derivation === undefined ? 'not in the store' : markup`<code>${derivation.path}</code>`],
    ['System', derivation?.system],
    ['Sources', derivation === undefined ? undefined : sourcesText(sources.length, unknownDerivations)],
  ]
  return markup`<dl>
${rows.map(([name, value]) => (value === undefined ? undefined : markup`<dt>${name}<dd>${value}\n`))}</dl>
${sources.length === 0 ? undefined : sourceList(sources)}`
}

function madeText(origin: Origin): string {
  switch (origin.kind) {
    case 'built':
      return origin.machine === undefined
        ? 'built by this registry\u2019s own store'
        : `built by the remote builder ${cut(origin.machine, NAME_LENGTH)}`
    case 'substituted': {
      const from =
        origin.cache === undefined ? 'from a binary cache' : `from ${cut(origin.cache, NAME_LENGTH)}`
      const keys =
        origin.keys.length === 0 ? 'not signed' : `signed by ${cut(origin.keys.join(', '), NAME_LENGTH)}`
      return `fetched ${from}, ${keys}`
    }
    case 'unknown':
      return 'nobody knows any more'
  }
}

function sourcesText(count: number, unknown: number): string {
  const known = `${countText(count, 'file')} fetched for the build`
  return unknown === 0
    ? known
    : `${known}; the store doesn\u2019t have ${countText(unknown, 'derivation')} of the graph`
}

type Source = NonNullable<ImageProvenance['facts']['derivation']>['materials']['sources'][number]

function sourceList(sources: readonly Source[]): Markup {
  return markup`<details><summary>Sources</summary><ul>
${sources.slice(0, SOURCES_SHOWN).map(({ name, url }) => markup`<li>${webLink(url, cut(name, NAME_LENGTH))}</li>\n`)}</ul>
${sources.length > SOURCES_SHOWN ? markup`<p>${sources.length - SOURCES_SHOWN} more are in the document.</p>` : undefined}</details>`
}
