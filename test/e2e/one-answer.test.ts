/**
 * Who may not know what a store holds gets one answer for what is absent, what is denied and what has another name, on
 * every route. What a builder printed is for those who may read its log.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { repositoryUrl } from './client.ts'
import { instantiate, makeStorePath, shellDerivation } from '../nix/real-store.ts'
import { busybox } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TOKEN = 'one-answer-for-all-who-may-not-know'
const ABSENT = `/nix/store/${'0'.repeat(32)}-absent`
const DIGEST = `sha256:${'0'.repeat(64)}`
const ROUTES = [
  'manifests/nix',
  'manifests/other',
  `manifests/${DIGEST}`,
  `blobs/${DIGEST}`,
  'tags/list',
] as const

void t.test('absent, denied and misnamed paths', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'token')
  await writeFile(join(directory, 'token'), TOKEN, { mode: 0o600 })
  const server = await startPushless(t, {
    args: ['--open-on-loopback=off', '--allow-builds=off', '--token-file', join(directory, 'token')],
  })
  const kept = await makeStorePath('one-answer-file', (path) => writeFile(path, 'no image'))
  const derivation = await instantiate(
    shellDerivation('one-answer', 'echo > $out', 'outputs = [ "out" "dev" ];'),
  )
  const paths = {
    'a package': await busybox(),
    'a file that is no image': kept,
    'a path by another name': kept.replace('one-answer-file', 'another'),
    'a path by its hash alone': kept.slice(0, '/nix/store/'.length + 32),
    'a derivation that may not be built': derivation,
    'a derivation by its hash alone': derivation.slice(0, '/nix/store/'.length + 32),
  }
  const ask = async (path: string, route: string, method: string, headers: Record<string, string> = {}) => {
    const base = `${server.url}/v2${path}`
    const response = await fetch(`${base}/${route}`, { method, headers })
    const sent = Object.fromEntries(response.headers)
    delete sent['date']
    return {
      status: response.status,
      reason: response.statusText,
      headers: sent,
      body: await response.text(),
    }
  }
  for (const route of ROUTES) {
    for (const method of ['GET', 'HEAD']) {
      const absent = await ask(ABSENT, route, method)
      t.equal(absent.status, 404, `${method} ${route}`)
      for (const [what, path] of Object.entries(paths))
        t.strictSame(await ask(path, route, method), absent, `${method} ${route} of ${what}`)
    }
  }
  t.match(await ask(ABSENT, 'manifests/nix', 'GET'), {
    body: /^\{"errors":\[\{"code":"NAME_UNKNOWN","message":"no such store path"\}\]\}$/,
  })
  const operator = { authorization: `Bearer ${TOKEN}` }
  t.match(await ask(paths['a package'], 'manifests/nix', 'GET', operator), {
    status: 404,
    body: /--serve-packages/,
  })
  t.match(await ask(ABSENT, 'manifests/nix', 'GET', operator), {
    status: 404,
    body: /no derivation makes it/,
  })

  await t.test('and in what is checked before anybody pulls', async (t) => {
    const refs = [...Object.values(paths), ABSENT].map((path) => `nix.internal${path.toLowerCase()}`)
    const response = await fetch(`${server.url}/check`, { method: 'POST', body: JSON.stringify({ refs }) })
    const { images } = (await response.json()) as { images: { state: string; message: string }[] }
    t.strictSame(
      [...new Set(images.map(({ state, message }) => `${state}: ${message}`))],
      ['unknown: no such store path'],
    )
    t.equal(images.length, refs.length)
  })
})

void t.test('a build that prints a secret and fails', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'token')
  await writeFile(join(directory, 'token'), TOKEN, { mode: 0o600 })
  const server = await startPushless(t, {
    args: ['--open-on-loopback=off', '--allow-builds=on', '--token-file', join(directory, 'token')],
  })
  const derivation = await instantiate(shellDerivation('one-answer-fails', 'echo hush-hush; exit 3'))
  const url = `${repositoryUrl(server.url, derivation)}/manifests/nix`
  const refused = await fetch(url)
  const text = await refused.text()
  t.match(`${refused.status} ${refused.statusText}`, /^500 nix build failed: one-answer-fails: exit code 3/)
  t.notMatch(text, 'hush-hush')
  t.match(text, '"logUrl":"/builds/')
  t.equal((await fetch(`${server.url}/builds/${derivation.slice(11, 43)}`)).status, 401)
  const operator = { headers: { authorization: `Bearer ${TOKEN}` } }
  t.match(await (await fetch(url, operator)).text(), 'hush-hush')
})
