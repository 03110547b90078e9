/** What people see of builds: why one failed, its log while it goes on and afterwards, and what a crash leaves. */
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { get } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { buildUrl, derivation, hashOf, logOf, pull, stateOf } from './build-client.ts'
import { pullManifest, refusal } from './client.ts'
import { until } from './until.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const SKIP = { skip: missing('nix') }
const SERVE = ['--serve-packages']

const built = (server: Pushless) => server.logs.filter(({ kind }) => kind === 'building').length

void t.test('a build that fails', SKIP, async (t) => {
  const drv = await derivation(
    t,
    `run "broken" { } "echo begun; echo '<script>alert(1)</script>' >&2; exit 7"`,
  )
  const server = await startPushless(t, { args: SERVE })
  const got = await refusal(await pull(server, drv))
  t.match(got, {
    status: 500,
    reason: `nix build failed: broken-${process.pid}: exit code 7`,
    message: /exit code 7$/,
    detail: {
      derivation: drv,
      log: ['begun', '<script>alert(1)</script>'],
      logUrl: `/builds/${hashOf(drv)}`,
    },
  })
  const log = `building ${drv}\nbegun\n<script>alert(1)</script>\n`
  t.equal(await logOf(server, drv), log)
  const page = await fetch(buildUrl(server, drv), { headers: { accept: 'text/html' } })
  const html = await page.text()
  t.match(html, '&lt;script&gt;alert(1)&lt;/script&gt;')
  t.notMatch(html, '<script>alert')
  t.match(page.headers.get('content-security-policy'), /default-src 'none'/)

  await server.stop()
  const next = await startPushless(t, { args: SERVE, state: server.state })
  t.match(await refusal(await pull(next, drv)), got, 'is remembered by the next process')
  t.equal(built(next), 0)
  t.equal(await logOf(next, drv), log, 'with its log')
  t.equal((await fetch(buildUrl(next, drv), { method: 'DELETE' })).status, 204)
  t.equal((await fetch(buildUrl(next, drv), { method: 'DELETE' })).status, 404)
  t.match(await refusal(await pull(next, drv)), { status: 500 })
  await until(() => (built(next) > 0 ? true : undefined))
  t.equal(built(next), 1, 'and built again once it is forgotten')
  await next.stop()

  const forgetful = await startPushless(t, { args: [...SERVE, '--failure-time', '0'], state: server.state })
  for (const _ of [1, 2]) await pull(forgetful, drv)
  // The log comes by a pipe, and may be behind the answer.
  await until(() => (built(forgetful) > 1 ? true : undefined))
  t.equal(built(forgetful), 2, 'and each time where nothing is to be remembered')
})

void t.test('a dependency that fails is named, and its lines are shown', SKIP, async (t) => {
  const drv = await derivation(
    t,
    `run "top" { good = run "good" { } "echo fine; echo > $out";
       mid = run "mid" { bad = run "bad" { } "echo this is why; sleep 1; exit 3"; } "echo > $out"; } "echo > $out"`,
  )
  const server = await startPushless(t, { args: SERVE })
  t.match(await refusal(await pull(server, drv)), {
    status: 500,
    reason: `nix build failed: bad-${process.pid}: exit code 3 (for top-${process.pid})`,
    message: `dependency bad-${process.pid}`,
    detail: { derivation: drv, dependency: /-bad-[0-9]+\.drv$/, log: ['this is why'] },
  })
  t.match(await logOf(server, drv), `bad-${process.pid}> this is why\n`)
})

void t.test('a log is followed while it grows', SKIP, async (t) => {
  const drv = await derivation(
    t,
    `run "slow" { } "for i in 1 2 3 4 5 6; do echo line $i; sleep 1; done; mkdir $out"`,
  )
  const server = await startPushless(t, { args: [...SERVE, '--hold', '0.5'] })
  t.match(await refusal(await pull(server, drv)), {
    status: 429,
    detail: { building: [`slow-${process.pid}`], logUrl: `/builds/${hashOf(drv)}` },
  })
  const leavers = Array.from({ length: 50 }, () => get(`${buildUrl(server, drv)}?follow`))
  for (const leaver of leavers) leaver.on('error', () => undefined)
  await Promise.all(leavers.map((leaver) => once(leaver, 'response')))
  const arrivals: { readonly line: string; readonly state: string | undefined }[] = []
  const response = await fetch(`${buildUrl(server, drv)}?follow`, { headers: { accept: 'text/plain' } })
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    arrivals.push({ line: text.trimEnd().split('\n').at(-1) ?? '', state: await stateOf(server, drv) })
    if (text.includes('line 3')) for (const leaver of leavers) leaver.destroy()
  }
  t.equal(text.replace(/^building .*\n/, ''), [1, 2, 3, 4, 5, 6].map((i) => `line ${i}\n`).join(''))
  t.ok(arrivals.filter(({ state }) => state === 'running').length >= 3, 'lines arrive before the build ends')
  // Half a second may be too short for its image.
  await until(async () => ((await pull(server, drv)).status === 200 ? true : undefined))
  t.equal(await stateOf(server, drv), 'done')
  await server.stop()
  t.pass('and followers who left are not waited for')
})

void t.test('killed in mid-build', SKIP, async (t) => {
  const drv = await derivation(t, `run "cut" { } "echo begun; sleep 3; mkdir $out"`)
  const server = await startPushless(t, { args: [...SERVE, '--hold', '0'] })
  await pull(server, drv)
  await until(async () => ((await logOf(server, drv)).includes('begun\n') ? true : undefined))
  // The head of a log is written down within a quarter of a second.
  const file = join(server.state, 'logs', `${hashOf(drv)}.log`)
  await until(async () => ((await readFile(file, 'utf8')).includes('begun\n') ? true : undefined))
  server.kill('SIGKILL')
  await server.exited
  const next = await startPushless(t, { args: SERVE, state: server.state })
  t.equal(await stateOf(next, drv), 'interrupted')
  t.match(await logOf(next, drv), 'begun\n')
  t.match((await pullManifest(next.url, drv)).digest, /^sha256:/, 'it is built again when it is asked for')
  t.equal(await stateOf(next, drv), 'done')
})
