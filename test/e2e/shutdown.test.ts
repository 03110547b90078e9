/** SIGTERM: no new requests, running downloads end, then exit code 0; and a limit for those that don't. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { execa } from 'execa'
import { pullManifest, repositoryUrl } from './client.ts'
import { nixStore } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

void t.test('SIGTERM', { skip: missing('nix') }, async (t) => {
  const source = join(await temporaryDirectory(t, 'source'), 'download')
  await execa('mkdir', [source])
  await writeFile(join(source, 'file'), Buffer.alloc(64 * 1024 * 1024, 'some bytes'))
  const [path = ''] = await nixStore('--add', source)

  await t.test('lets a running download end, takes no new one, exits with 0', async (t) => {
    const server = await startPushless(t, { args: ['--serve-packages'] })
    const { socket, size } = await slowDownload(server, path)
    server.kill('SIGTERM')
    await setTimeout(300)
    await t.rejects(fetch(`${server.url}/healthz`), 'nothing listens any more')
    let bytes = 0
    for await (const chunk of socket) bytes += (chunk as Buffer).length
    t.ok(bytes > size, 'the download ended whole, head and all')
    t.match(await server.exited, { exitCode: 0 })
  })

  await t.test('does not wait for connections that nobody used', async (t) => {
    const server = await startPushless(t, { args: ['--serve-packages'] })
    const sockets = Array.from({ length: 3 }, () => connect(server.port, '127.0.0.1'))
    await Promise.all(sockets.map(async (socket) => once(socket, 'connect')))
    await fetch(`${server.url}/healthz`)
    const start = performance.now()
    await server.stop()
    t.ok(performance.now() - start < 5000, 'far less than the grace')
    for (const socket of sockets) socket.destroy()
  })

  await t.test('cuts a download that takes longer than the grace, exits with 0', async (t) => {
    const server = await startPushless(t, { args: ['--serve-packages', '--grace', '1'] })
    const { socket } = await slowDownload(server, path)
    const start = performance.now()
    server.kill('SIGTERM')
    t.match(await server.exited, { exitCode: 0 })
    const ms = performance.now() - start
    t.ok(ms > 900 && ms < 5000, `after ${Math.round(ms)} ms`)
    socket.destroy()
  })

  await t.test('with nothing to wait for, at once', async (t) => {
    const server = await startPushless(t)
    await fetch(`${server.url}/healthz`)
    const start = performance.now()
    await server.stop()
    t.ok(performance.now() - start < 5000)
  })
})

/** A download whose client doesn't read on after the first bytes. */
async function slowDownload(
  server: Pushless,
  path: string,
): Promise<{ readonly socket: Socket; readonly size: number }> {
  const { manifest } = await pullManifest(server.url, path)
  const [layer] = manifest.layers
  if (layer === undefined) throw new Error('no layers')
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  const { pathname } = new URL(repositoryUrl(server.url, path))
  socket.write(
    `GET ${pathname}/blobs/${layer.digest} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  )
  await once(socket, 'readable')
  return { socket, size: layer.size }
}
