/** Nix in trouble in the middle of something: killed, or with more to say than anybody wants to hear. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { execa } from 'execa'
import { pullAll, pullManifest, refusal, repositoryUrl } from './client.ts'
import { childrenOf } from './processes.ts'
import { served, until } from './until.ts'
import { fixture, nixEnv, nixInstantiate, shape } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { startSocketDaemon } from '../support/socket-daemon.ts'

const skip = missing('nix')
const LOG_MB = 100
const MEMORY_LIMIT_MB = 250
/** While one build shouts, others are answered as fast as people expect of a page. */
const ANSWER_LIMIT_MS = 2_000

void t.test('the daemon behind a socket is killed in mid-build, and started again', { skip }, async (t) => {
  const socket = join(await temporaryDirectory(t, 'daemon'), 'socket')
  const daemon = await startSocketDaemon(t, socket)
  const server = await startPushless(t, { args: ['--serve-packages', '--nix', `unix:${socket}`] })
  const salt = `socket-killed-${process.pid}`
  const args = ['-A', 'slow', '--argstr', 'salt', salt, '--arg', 'seconds', '3']
  const drv = await nixInstantiate(fixture('shapes.nix'), args)
  const asked = fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`)
  await until(() => server.logs.find(({ kind }) => kind === 'building'))
  await daemon.stop()
  const response = await asked
  t.match(response.headers.get('retry-after'), /^[1-9]/)
  t.match(await refusal(response), { status: 503 })
  await startSocketDaemon(t, socket)
  t.ok((await pullAll(server.url, drv)).size > 1, 'built, and every blob is right')
})

void t.test('the daemon is killed between manifest and blob', { skip }, async (t) => {
  const salt = `root-lost-${process.pid}`
  const path = await shape('slow', ['--argstr', 'salt', salt, '--arg', 'seconds', '0'])
  const server = await startPushless(t, { args: ['--serve-packages'] })
  const { manifest } = await pullManifest(server.url, path)
  for (const pid of await childrenOf(server.pid)) process.kill(pid, 'SIGKILL')
  const { status } = await fetch(`${repositoryUrl(server.url, path)}/blobs/${manifest.layers[0]?.digest}`)
  t.equal(status, 200)
  await until(async () => {
    const { stderr } = await execa('nix-store', ['--delete', path], { env: nixEnv, reject: false })
    return /still alive|in use/.test(stderr) ? true : undefined
  }).catch(() => t.fail('nothing keeps the path from being collected while it is pulled'))
})

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
