/** Names that try to be more than names: each is text on every page, in attributes and in pictures, too. */
import t from 'tap'
import { NO_META } from '../../../src/insight/inventory/package-meta.ts'
import { storeHashOf } from '../../../src/core/nix/store-path.ts'
import { cut, markup, markupBytes } from '../../../src/http/pages/markup.ts'
import { pagesApp } from './pages-app.ts'
import { hashOf, inventoryOf, pageImage, ROOT, provenanceOf } from './synthetic-image.ts'

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></svg><script>alert(1)</script>',
  '</text><foreignObject><iframe src="javascript:alert(1)">',
  '&lt;b&gt;&#60;script&#62;',
  '<!--<script>',
  ']]><script>alert(1)</script>',
  '`${alert(1)}`',
  '\u0000<scr\u0000ipt>',
  'a\u202Etxt.exe',
  '\ud800 alone',
] as const

/** The elements that our templates have. */
const TAGS = new Set(
  '!doctype html head meta title link script body a header nav strong main h1 h2 section ul li dl dt dd code pre p div span form label input button table thead tbody tr th td details summary svg g path text'.split(
    ' ',
  ),
)

void t.test('hostile names on every page', async (t) => {
  const inventory = inventoryOf(HOSTILE.length, (number) => {
    const text = HOSTILE[number] ?? ''
    return {
      name: text,
      version: text,
      output: text,
      sources: [{ url: `javascript:${text}`, sha256: undefined }],
      patches: [{ name: text, fixes: [text] }],
      meta: {
        ...NO_META,
        licences: [{ kind: 'named', name: text }],
        homepage: `https://example.org/"onclick="${text}`,
        description: text,
        cpe: text,
        purl: text,
        position: text,
        supplier: text,
        knownVulnerabilities: [text],
      },
    }
  })
  const path = inventory.components[0]?.path ?? ROOT
  const app = pagesApp(t, {
    images: [
      pageImage(inventory, {
        format: HOSTILE[0],
        platform: HOSTILE[1],
        config: {
          config: {
            Entrypoint: [...HOSTILE],
            Env: [...HOSTILE],
            User: HOSTILE[0],
            ExposedPorts: { [HOSTILE[1]]: {} },
          },
        },
        vulnerabilities: HOSTILE.map((text) => ({ id: text, component: path, severity: text, url: text })),
        provenance: provenanceOf(HOSTILE[0], { name: HOSTILE[0], url: HOSTILE[1] }),
      }),
    ],
  })
  const page = `/images/${storeHashOf(ROOT)}`
  for (const url of [page, `${page}?q=a`, ...HOSTILE.map((_, i) => `${page}?component=${hashOf(i + 100)}`)]) {
    const { statusCode, body } = await app.inject(url)
    t.equal(statusCode, 200)
    for (const { name, attributes } of tagsOf(body)) {
      t.ok(TAGS.has(name), `${url}: <${name}>`)
      t.notMatch(attributes.join(' '), /\bon[a-z]+$|^style$|^srcdoc$/, `${url}: <${name}>`)
    }
    t.notMatch(body, /href="\s*javascript:/i, url)
    t.notMatch(body, /[\0\u202e]/, 'nothing that turns the text around')
  }
})

void t.test('a template escapes what it is given, once', (t) => {
  for (const [given, shown] of [
    ['<', '&lt;'],
    [`"'&>`, '&quot;&#39;&amp;&gt;'],
    [markup`<b>${'<'}</b>`, '<b>&lt;</b>'],
    [[markup`<i>`, '<', 3, undefined], '<i>&lt;3'],
    ['a\tb\nc', 'a\tb\nc'],
    ['a\u0007\u2066b', 'a\ufffd\ufffdb'],
    [cut('<<<<', 3), '&lt;&lt;…'],
  ] as const)
    t.equal(markupBytes(markup`${given}`).toString(), shown)
  t.end()
})

/** The tags of a page with the names of their attributes, read as the HTML standard says where attributes end. */
function tagsOf(html: string): readonly { readonly name: string; readonly attributes: readonly string[] }[] {
  return [
    ...html.matchAll(/<([a-z!][^\s/>]*)((?:\s+[^\s=>]+(?:="[^"]*"|='[^']*'|=[^\s>]*)?)*)\s*\/?>/gi),
  ].map(([, name = '', rest = '']) => ({
    name: name.toLowerCase(),
    attributes: [...rest.matchAll(/\s([^\s=>]+)(?:="[^"]*"|='[^']*'|=[^\s>]*)?/g)].map(([, one = '']) => one),
  }))
}
