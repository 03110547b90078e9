/** Builds with more to say than anybody wants to hear: what they cost in memory, and how others are answered. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import t from 'tap'
import { buildUrl, derivation, hashOf, logOf, pull, stateOf } from './build-client.ts'
import { pullAll, pullManifest, refusal, repositoryUrl } from './client.ts'
import { served, until } from './until.ts'
import { nixEnv, shape } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const skip = missing('nix')
const LOG_MB = 100
const MEMORY_LIMIT_MB = 250
/** While one build shouts, others are answered as fast as people expect of a page. */
const ANSWER_LIMIT_MS = 2_000

void t.test('a log of 100 MB', { skip }, async (t) => {
  const drv = await derivation(
    t,
    `run "loud" { } "yes \\"$(printf '%99s' x)\\" | head -n 1000000; echo the end; exit 1"`,
  )
  const server = await startPushless(t, { args: ['--serve-packages', '--hold', '0.5'] })
  await pull(server, drv)
  const before = await residentBytes(server.pid)
  const following = fetch(`${buildUrl(server, drv)}?follow`).then((response) => response.text())
  let [most, slowest] = [0, 0]
  const start = performance.now()
  while ((await stateOf(server, drv)) !== 'failed' && performance.now() - start < 300_000) {
    const asked = performance.now()
    await fetch(`${server.url}/v2/`)
    slowest = Math.max(slowest, performance.now() - asked)
    most = Math.max(most, await residentBytes(server.pid))
    await setTimeout(50)
  }
  const seconds = Math.round((performance.now() - start) / 1000)
  // Answered once its file is whole.
  const log = await logOf(server, drv)
  const { size } = await stat(join(server.state, 'logs', `${hashOf(drv)}.log`))
  t.comment(
    `${seconds} s; ${Math.round((most - before) / 1e6)} MB more at most; slowest answer ${Math.round(slowest)} ms; log file ${size} bytes`,
  )
  t.ok(most - before < 60e6, 'costs little memory')
  t.ok(slowest < 1000, 'and lets others be answered')
  t.ok(size < 1.1e6, 'and little room')
  t.match(log, /^building [^\n]*\n +x\n/)
  t.match(log, /\n\[pushless: \d+ lines \(\d+ bytes\) left out here\]\n/)
  t.match(log, /\n +x\nthe end\n$/)
  t.match(await following, /\ndata: the end\n/, 'who follows has the end, too')
  t.match(await refusal(await pull(server, drv)), { status: 500, detail: { log: /the end/ } })
})

async function residentBytes(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}
void t.test(`a build that prints ${LOG_MB} MB`, { skip }, async (t) => {
  // Nix itself takes half a minute for 100 MB in lines of 80 characters.
  const line = 'part of a line that nobody will ever read to its end, '.repeat(10)
  const path = await shape('one')
  const server = await startPushless(t, {
    args: ['--serve-packages'],
    // Nix compresses 2 MB of log a second.
    prefix: ['env', 'NIX_CONFIG=compress-build-log = false'],
  })
  await pullManifest(server.url, path)
  const start = performance.now()
  const drv = await instantiate(
    'loud',
    `yes '${line}' | head -c ${LOG_MB}000000; mkdir $out; echo > $out/file`,
  )
  const progress = { isOver: false }
  const built = served(`${repositoryUrl(server.url, drv)}/manifests/nix`).finally(
    () => (progress.isOver = true),
  )
  await until(() => server.logs.find(({ kind }) => kind === 'building'))
  let slowest = 0
  while (!progress.isOver) {
    const asked = performance.now()
    await pullAll(server.url, path)
    slowest = Math.max(slowest, performance.now() - asked)
    await setTimeout(100)
  }
  await built
  const megabytes = await peakMegabytes(server)
  t.ok(slowest < ANSWER_LIMIT_MS, `other pulls took ${Math.round(slowest)} ms at most meanwhile`)
  t.ok(megabytes < MEMORY_LIMIT_MB, `${megabytes} MB`)
  t.comment(
    `${LOG_MB} MB of log: ${Math.round(performance.now() - start)} ms, ` +
      `other pulls ${Math.round(slowest)} ms at most, ${megabytes} MB at most`,
  )
})

async function instantiate(name: string, script: string): Promise<string> {
  const text = `derivation { name = "${name}-${process.pid}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin"; args = [ "-euc" "${script}" ]; }`
  const { stdout } = await execa('nix-instantiate', ['-E', text], { env: nixEnv })
  return stdout.trim()
}

async function peakMegabytes({ pid }: Pushless): Promise<number> {
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}
