/** Builds with more to say than anybody wants to hear: what they cost in memory, and how others are answered. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { buildUrl, derivation, hashOf, logOf, pull, stateOf } from './build-client.ts'
import { pullAll, pullManifest, refusal } from './client.ts'
import { until } from './until.ts'
import { shape } from '../support/nix.ts'
import { memoryOf } from '../support/memory-of.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const skip = missing('nix')
/** While one build shouts, others are answered as fast as people expect of a page. */
const PULL_LIMIT_MS = 2_000
const ANSWER_LIMIT_MS = 1_000

void t.test('a log of 100 MB', { skip }, async (t) => {
  // Nix itself takes half a minute for 100 MB in lines of 80 characters.
  const drv = await derivation(
    t,
    `run "loud" { } "yes \\"$(printf '%499s' x)\\" | head -n 200000; echo the end; exit 1"`,
  )
  const path = await shape('one')
  const server = await startPushless(t, {
    args: ['--serve-packages', '--hold', '0.5'],
    // Nix compresses 2 MB of log a second.
    prefix: ['env', 'NIX_CONFIG=compress-build-log = false'],
  })
  await until(() => pullManifest(server.url, path).catch(() => undefined))
  await pull(server, drv)
  const before = await memoryOf(server.pid, 'VmRSS')
  const following = fetch(`${buildUrl(server, drv)}?follow`).then((response) => response.text())
  let [most, slowest, slowestPull] = [0, 0, 0]
  const start = performance.now()
  while ((await stateOf(server, drv)) !== 'failed' && performance.now() - start < 300_000) {
    const asked = performance.now()
    await fetch(`${server.url}/v2/`)
    const answered = performance.now()
    await pullAll(server.url, path)
    slowest = Math.max(slowest, answered - asked)
    slowestPull = Math.max(slowestPull, performance.now() - answered)
    most = Math.max(most, await memoryOf(server.pid, 'VmRSS'))
    await setTimeout(50)
  }
  const seconds = Math.round((performance.now() - start) / 1000)
  // Answered once its file is whole.
  const log = await logOf(server, drv)
  const { size } = await stat(join(server.state, 'logs', `${hashOf(drv)}.log`))
  t.comment(
    `${seconds} s; ${Math.round(most - before)} MB more at most; slowest answer ${Math.round(slowest)} ms; log file ${size} bytes`,
  )
  t.ok(most - before < 60, 'costs little memory')
  t.ok(slowest < ANSWER_LIMIT_MS, 'and lets others be answered')
  t.ok(slowestPull < PULL_LIMIT_MS, `and pull: ${Math.round(slowestPull)} ms at most`)
  t.ok(size < 1.1e6, 'and little room')
  t.match(log, /^building [^\n]*\n +x\n/)
  t.match(log, /\n\[pushless: \d+ lines \(\d+ bytes\) left out here\]\n/)
  t.match(log, /\n +x\nthe end\n$/)
  t.match(await following, /\ndata: the end\n/, 'who follows has the end, too')
  t.match(await refusal(await pull(server, drv)), { status: 500, detail: { log: /the end/ } })
})
