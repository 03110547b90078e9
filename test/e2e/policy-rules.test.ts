/** Rules of the auth file, against a real store: teams see their own images, and what is denied looks absent. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { busybox, fixture, nixInstantiate } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TOKENS = ['team-a', 'team-b', 'puller', 'builder'] as const
const ABSENT = '00000000000000000000000000000000'
/** A name that its team may pull, and that is nowhere. */
const OWN = 'team-bx'

async function serve(t: Test, rules: string) {
  const directory = await temporaryDirectory(t, 'rules')
  const file = join(directory, 'auth.yaml')
  const tokens = TOKENS.map(
    (name) =>
      `  - {name: ${name}, sha256: ${createHash('sha256').update(`token-of-${name}`).digest('hex')}, rights: [pull, insights]}`,
  )
  await writeFile(file, `tokens:\n${tokens.join('\n')}\nrules:\n${rules}`)
  return startPushless(t, {
    args: ['--serve-packages', '--auth', file, '--allow-builds', '--nix-cache', 'read'],
  })
}

/** Status, headers and body, without what is another one each time, and with X for the name. */
async function ask(url: string, who: string, path: string, init: RequestInit = {}): Promise<string> {
  const headers = {
    authorization: `Bearer token-of-${who}`,
    accept: 'application/json, text/html',
  }
  const answer = await fetch(`${url}${path}`, { ...init, headers, redirect: 'manual' })
  const kept = [...answer.headers].filter(([name]) => !['date', 'x-request-id', 'keep-alive'].includes(name))
  return `${answer.status} ${JSON.stringify(kept)} ${await answer.text()}`.replaceAll(
    /[0-9a-z]{32}(?:-busybox|-team-bx)?/g,
    'X',
  )
}

void t.test('what is denied looks absent', { skip: missing('nix') }, async (t) => {
  const path = await busybox()
  const hash = path.slice('/nix/store/'.length, '/nix/store/'.length + 32)
  const name = path.slice('/nix/store/'.length + 33)
  const { url, logs } = await serve(
    t,
    `  - {subjects: [token:team-a], names: [${name}], allow: [pull]}\n  - {subjects: [token:team-b], names: [team-b*], allow: [pull, fetch, build]}\n`,
  )
  const manifest = await fetch(`${url}/v2/nix/store/${hash}-${name}/manifests/nix`, {
    headers: { authorization: 'Bearer token-of-team-a' },
  })
  t.equal(manifest.status, 200, 'its own team pulls it')
  const { layers } = (await manifest.json()) as { layers: { digest: string }[] }
  const digest = manifest.headers.get('docker-content-digest') ?? ''

  for (const [method, end] of [
    ['GET', '/manifests/nix'],
    ['HEAD', '/manifests/nix'],
    ['GET', `/manifests/${digest}`],
    ['GET', '/manifests/no-such-tag'],
    ['GET', `/blobs/${layers[0]?.digest}`],
    ['HEAD', `/blobs/${layers[0]?.digest}`],
    ['GET', '/tags/list'],
    ['GET', `/referrers/${digest}`],
  ] as const)
    for (const [slug, own] of [
      [`-${name}`, `-${OWN}`],
      ['', ''],
    ]) {
      const denied = await ask(url, 'team-b', `/v2/nix/store/${hash}${slug}${end}`, { method })
      const absent = await ask(url, 'team-b', `/v2/nix/store/${ABSENT}${own}${end}`, { method })
      t.equal(denied, absent, `${method} ${slug}${end}`)
      t.match(denied, /^404 /)
    }
  for (const end of [`/images/${hash}-${name}`, `/nix-cache/${hash}.narinfo`])
    t.equal(
      await ask(url, 'team-b', end),
      await ask(url, 'team-b', end.replace(hash, ABSENT).replace(name, OWN)),
      end,
    )
  const check = async (one: string, called = name) => {
    const body = `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: nix.internal/nix/store/${one}-${called}:nix}]}\n`
    return await ask(url, 'team-b', '/check', { method: 'POST', body })
  }
  t.equal(await check(hash), await check(ABSENT, OWN), '/check')
  const list = await fetch(`${url}/images.json`, { headers: { authorization: 'Bearer token-of-team-b' } })
  t.same(await list.json(), { images: [] }, 'nor is it in a list')
  const told = logs.find(({ msg }) => msg === 'pull denied')
  t.match(told, { image: `${hash}-${name}`, reason: 'no rule matches' }, 'the log says why')

  const [denied, absent]: [number[], number[]] = [[], []]
  const kinds = [
    [denied, hash],
    [absent, ABSENT],
  ] as const
  for (let i = 0; i < 60; i++)
    // Each kind goes first as often as the other: what one request leaves behind, the next one pays for.
    for (const [times, one] of i % 2 === 0 ? kinds : kinds.toReversed()) {
      const begun = performance.now()
      await ask(url, 'team-b', `/v2/nix/store/${one}/manifests/nix`)
      times.push(performance.now() - begun)
    }
  const ratio = quartile(denied) / quartile(absent)
  t.ok(
    ratio > 0.6 && ratio < 1.6,
    `times: ${quartile(denied).toFixed(2)} ms denied, ${quartile(absent).toFixed(2)} ms absent`,
  )
})

void t.test('who may pull may not have something built', { skip: missing('nix') }, async (t) => {
  const salt = `rules-${process.pid}`
  const args = ['-A', 'slow', '--argstr', 'salt', salt, '--arg', 'seconds', '0']
  const derivation = (await nixInstantiate(fixture('shapes.nix'), args)).slice('/nix/store/'.length)
  const { url } = await serve(
    t,
    '  - {subjects: [token:builder], systems: [x86_64-linux], allow: [pull, fetch, build]}\n  - {subjects: [token:puller], allow: [pull, fetch]}\n',
  )
  const status = async (who: string) =>
    (await ask(url, who, `/v2/nix/store/${derivation}/manifests/nix`)).slice(0, 3)
  t.equal(await status('puller'), '404', 'it would have to be built')
  t.equal(await status('builder'), '200')
  t.equal(await status('puller'), '200', 'it is there now')
  t.equal(await status('team-a'), '404')
})

/** A quarter took less. Other programs on the machine make the longer ones longer. */
function quartile(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 4)] ?? 0
}
