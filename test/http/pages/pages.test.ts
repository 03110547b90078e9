import t from 'tap'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { storeHashOf } from '../../../src/core/nix/store-path.ts'
import { storePath } from '../../store-path.ts'
import { appOf } from '../fake-app.ts'
import { pagesApp, appWithJournal } from './pages-app.ts'
import { component, hashOf, inventoryOf, pageImage, ROOT, provenanceOf } from './synthetic-image.ts'

const TOKEN = 'a-token-of-the-tests'
const ELSEWHERE = '192.0.2.1'
const HTML = { accept: 'text/html,*/*;q=0.8' }
const PAGE = `/images/${storeHashOf(ROOT)}`
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** The parts of a page that a policy without inline code forbids. */
const INLINE = /<style|\sstyle=|\son[a-z]+=|<script(?! src="\/web\/[a-z]+\.js" defer><\/script>)|javascript:/i

void t.test('every page has the policy, and nothing in it that the policy forbids', async (t) => {
  const { app } = appWithJournal(t, {
    images: [pageImage(inventoryOf(20))],
    known: [{ root: ROOT, artifact: undefined, pulledMs: Date.UTC(2030, 0, 1) }],
  })
  for (const url of [
    '/',
    '/builds',
    PAGE,
    `${PAGE}?q=glibc`,
    `${PAGE}?component=${hashOf(100)}`,
    `${PAGE}?compare=${storeHashOf(ROOT)}`,
  ]) {
    const { statusCode, headers, body } = await app.inject({ url, headers: HTML })
    t.equal(statusCode, 200, url)
    t.match(headers, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    t.notMatch(body, INLINE, url)
    t.notMatch(body, /(?:src|href)="(?:https?:)?\/\//, `${url} loads nothing from another host`)
    const head = await app.inject({ method: 'HEAD', url, headers: HTML })
    t.equal(head.headers['content-length'], headers['content-length'])
    t.equal(head.body, '')
  }
})

void t.test('the page of an image has what is known of it', async (t) => {
  const inventory = inventoryOf(20)
  const [first] = inventory.components
  const app = pagesApp(t, {
    images: [
      pageImage(inventory, {
        vulnerabilities: [
          {
            id: 'CVE-2030-0001',
            component: first?.path ?? ROOT,
            severity: 'high',
            url: 'https://example.org/1',
          },
        ],
        provenance: provenanceOf('ssh-ng://builder', { name: 'web.tar.gz', url: 'https://example.org/web' }),
      }),
    ],
  })
  const { body } = await app.inject(PAGE)
  for (const part of [
    ROOT,
    inventory.image.digest,
    '/bin/web --port 80',
    'LANG=C.UTF-8',
    'podman pull localhost:80/nix/store/',
    'nix.internal/nix/store/',
    '<a href="https://example.org/1" rel="noreferrer external">CVE-2030-0001</a>',
    'built by the remote builder ssh-ng://builder',
    'https://example.org/web',
    `${PAGE}/provenance.intoto.json`,
    `${PAGE}/sbom.cdx.json`,
    'GPL-3.0-or-later',
  ])
    t.ok(body.includes(part), part)
  t.equal(body.match(/<tr id="c/g)?.length, 20)
  t.equal(body.match(/data-n="/g)?.length, 21, 'nodes of the graph: the components and the image')
})

void t.test('documents are those of pushless sbom', async (t) => {
  const app = pagesApp(t, { images: [pageImage(inventoryOf(3))] })
  for (const [name, type, facts] of [
    ['sbom.cdx.json', 'application/vnd.cyclonedx+json', { bomFormat: 'CycloneDX' }],
    ['sbom.spdx.json', 'application/spdx+json', { spdxVersion: 'SPDX-2.3' }],
  ] as const) {
    const { statusCode, headers, body } = await app.inject(`${PAGE}/${name}`)
    t.equal(statusCode, 200)
    t.equal(headers['content-type'], type)
    t.match(JSON.parse(body), facts)
    const again = await app.inject({
      url: `${PAGE}/${name}`,
      headers: { 'if-none-match': String(headers.etag) },
    })
    t.equal(again.statusCode, 304)
  }
})

void t.test('who may read what', async (t) => {
  const bearer = { authorization: `Bearer ${TOKEN}` }
  for (const [what, token, remoteAddress, headers, list] of [
    ['this machine', undefined, '127.0.0.1', {}, 200],
    ['elsewhere', undefined, ELSEWHERE, {}, 401],
    ['a proxy on this machine', undefined, '127.0.0.1', { 'x-forwarded-for': ELSEWHERE }, 401],
    ['elsewhere, where there is a token', TOKEN, ELSEWHERE, {}, 401],
    ['elsewhere with it', TOKEN, ELSEWHERE, bearer, 200],
  ] as const) {
    const app = pagesApp(t, {
      images: [pageImage(inventoryOf(1))],
      known: [{ root: ROOT, artifact: undefined, pulledMs: undefined }],
      ...(token === undefined ? {} : { token }),
    })
    const listed = await app.inject({ url: '/', remoteAddress, headers: { ...HTML, ...headers } })
    t.equal(listed.statusCode, list, what)
    t.equal(listed.body.includes(ROOT.slice(-8)), list === 200)
    if (list === 401) t.match(listed.headers['www-authenticate'], 'Basic', 'a browser asks for the token')
    for (const url of [PAGE, `${PAGE}/sbom.cdx.json`])
      t.equal((await app.inject({ url, remoteAddress, headers })).statusCode, 200, `${what}: as a pull`)
  }
})

void t.test('what may not be pulled is the same 404 as what is not there', async (t) => {
  const secret = (kind: 'denied' | 'name-unknown') =>
    pagesApp(t, {
      failure: new RegistryError(kind, `secret reason ${kind}`, { detail: { path: '/secret' } }),
    })
  for (const headers of [HTML, {}]) {
    const bodies = new Set<string>()
    for (const app of [secret('denied'), secret('name-unknown'), pagesApp(t)])
      for (const url of [PAGE, `${PAGE}?compare=${hashOf(2)}`, `${PAGE}/sbom.spdx.json`]) {
        const {
          statusCode,
          body,
          headers: sent,
        } = await app.inject({ url, headers, remoteAddress: ELSEWHERE })
        t.equal(statusCode, 404, url)
        t.equal(sent['content-type'], 'accept' in headers ? 'text/html; charset=utf-8' : 'application/json')
        bodies.add(body)
      }
    t.equal(bodies.size, 1)
    t.notMatch([...bodies].join(''), 'secret')
  }
})

void t.test('an image that vanished, one that is being built, and malformed names', async (t) => {
  const vanished = pagesApp(t, {
    failure: new RegistryError('unavailable', 'secret /nix/store path is gone'),
  })
  const gone = await vanished.inject({ url: PAGE, headers: HTML })
  t.equal(gone.statusCode, 503)
  t.notMatch(gone.body, /secret|refresh/)

  const pending = new RegistryError('pending', 'building web', { build: hashOf(7), retryAfterSeconds: 5 })
  const waiting = await pagesApp(t, { failure: pending }).inject({ url: PAGE, headers: HTML })
  t.equal(waiting.statusCode, 429)
  t.match(waiting.body, '<meta http-equiv="refresh" content="5">')
  t.match(waiting.body, `<a href="/builds/${hashOf(7)}">`)
  t.equal(waiting.headers['content-security-policy'], POLICY)

  const app = pagesApp(t, { images: [pageImage(inventoryOf(1))] })
  for (const [url, status] of [
    ['/images/x', 400],
    [`/images/${hashOf(9)}`, 404],
    [`${PAGE}?tag=sha256:${'0'.repeat(64)}`, 404],
    [`${PAGE}?component=${hashOf(9)}`, 404],
    [`${PAGE}?component=%3Cscript%3E`, 404],
    [`${PAGE}?compare=%3Cscript%3E`, 400],
    [`${PAGE}?compare=`, 400],
    [`${PAGE}?page=999999999999999999999`, 200],
    [`${PAGE}?page=-1`, 200],
    ['/web/../package.json', 404],
    ['/web/%2e%2e%2fpackage.json', 404],
    ['/images/%ff', 400],
  ] as const)
    t.equal((await app.inject({ url, headers: HTML })).statusCode, status, url)
  const found = await app.inject(`/images?name=nix.internal${encodeURIComponent(ROOT)}:nix`)
  t.equal(found.statusCode, 303)
  t.equal(found.headers.location, `/images/${ROOT.slice('/nix/store/'.length)}?tag=nix`)
})

void t.test('the list is searched, and comes in pages', async (t) => {
  const known = Array.from({ length: 450 }, (_, number) => ({
    root: storePath(`${hashOf(number)}-app-${number}`),
    artifact: undefined,
    pulledMs: undefined,
  }))
  const app = pagesApp(t, { known })
  const rows = async (url: string) => (await app.inject(url)).body.match(/<tr><td>/g)?.length ?? 0
  t.equal(await rows('/'), 200)
  t.equal(await rows('/?page=3'), 50)
  t.equal(await rows('/?q=app-44'), 11)
  t.equal(await rows('/?q=nothing'), 0)
  t.match((await app.inject('/?q=%22%3E%3Cscript%3E')).body, 'value="&quot;&gt;&lt;script&gt;"')
})

void t.test('a component names its neighbours, and a comparison names changes', async (t) => {
  const before = inventoryOf(3)
  const [a, b] = [component(0), component(1)]
  const now = {
    ...before,
    image: { ...before.image, root: storePath(`${hashOf(2)}-web-next`) },
    components: [
      a,
      { ...b, path: storePath(`${hashOf(500)}-component-1`), version: '9.0' },
      component(77, { name: 'new-one' }),
    ],
  }
  const app = pagesApp(t, { images: [pageImage(before), pageImage(now)] })
  const { body } = await app.inject(`/images/${hashOf(2)}?compare=${ROOT}`)
  t.match(body, '1 changed, 1 added, 1 removed, 1 unchanged')
  t.match(body, /<td>1\.1\.1<td>9\.0/)
  const one = await app.inject(`${PAGE}?component=${hashOf(102)}`)
  t.match(one.body, /Referred to by [12] component/)
})

void t.test('without pages there are none, and builds stay', async (t) => {
  const app = appOf(t)
  for (const [url, status] of [
    ['/', 404],
    [PAGE, 404],
    ['/images', 404],
    ['/builds', 200],
  ] as const)
    t.equal((await app.inject({ url, headers: HTML })).statusCode, status, url)
  t.notMatch((await app.inject({ url: '/builds', headers: HTML })).body, 'href="/"')
})
