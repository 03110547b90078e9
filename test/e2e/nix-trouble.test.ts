/** Nix in trouble in the middle of something: killed, and started again. */
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { pullAll, pullManifest, refusal, repositoryUrl } from './client.ts'
import { childrenOf } from './processes.ts'
import { until } from './until.ts'
import { fixture, nixEnv, nixInstantiate, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { startSocketDaemon } from '../support/socket-daemon.ts'

const skip = missing('nix')

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
