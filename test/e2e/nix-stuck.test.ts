/** A daemon that takes questions and answers none, as one does that waits for a lock or a dead file server. */
import t from 'tap'
import { pullAll, pullManifest, repositoryUrl } from './client.ts'
import { childrenOf } from './processes.ts'
import { served } from './until.ts'
import { shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

/** containerd 2.3 leaves after 30 s without a response header. */
const HEADER_LIMIT_MS = 25_000

void t.test('the daemon is stuck', { skip: missing('nix') }, async (t) => {
  const path = await shape('one')
  const other = await shape('diamond')
  const server = await startPushless(t, { args: ['--serve-packages'] })
  const { manifest } = await pullManifest(server.url, path)
  const daemons = await childrenOf(server.pid)
  for (const pid of daemons) process.kill(pid, 'SIGSTOP')
  t.teardown(() => resume(daemons))
  const questions = {
    'a manifest at hand': [`${repositoryUrl(server.url, path)}/manifests/nix`, 200],
    'a blob at hand': [`${repositoryUrl(server.url, path)}/blobs/${manifest.config.digest}`, 200],
    'another manifest': [`${repositoryUrl(server.url, other)}/manifests/nix`],
    'a blob of another image': [`${repositoryUrl(server.url, other)}/blobs/${manifest.config.digest}`],
    tags: [`${repositoryUrl(server.url, other)}/tags/list`],
    readiness: [`${server.url}/readyz`],
    health: [`${server.url}/healthz`, 200],
  } as const
  await Promise.all(
    Object.entries(questions).map(async ([name, [url, expected]]) => {
      const start = performance.now()
      const { status } = await fetch(url)
      const ms = performance.now() - start
      t.ok(ms < HEADER_LIMIT_MS, `${name}: ${status} after ${(ms / 1000).toFixed(1)} s`)
      if (expected !== undefined) t.equal(status, expected, name)
    }),
  )
  await served(`${repositoryUrl(server.url, other)}/manifests/nix`)
  t.ok(
    (await pullAll(server.url, other)).size > 1,
    'another daemon is asked in time, though this one stays as it is',
  )
})

function resume(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGCONT')
    } catch {
      // It was given up meanwhile.
    }
  }
}
