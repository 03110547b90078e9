/** Many requests through a proxy and from web pages: all are refused, and the server goes on as before. */
import { createConnection } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { repositoryUrl } from './client.ts'
import { assertUnharmed, startAttackedServer } from '../support/attacked-server.ts'
import { fixture, nixInstantiate } from '../support/nix.ts'
import { httpProxy } from '../support/proxies.ts'
import { missing } from '../support/requirement.ts'

const REQUESTS = 1_000
const CONNECTIONS = 8

/** Sends the same request many times, a few at once. @returns how often each status came. */
async function flood(url: string, headers: string): Promise<Readonly<Record<string, number>>> {
  const { pathname, hostname, port } = new URL(url)
  const request = `GET ${pathname} HTTP/1.1\r\n${headers}\r\n\r\n`
  const counts: Record<string, number> = {}
  const one = async () => {
    const socket = createConnection(Number(port), hostname)
    await once(socket, 'connect')
    for (let i = 0; i < REQUESTS / CONNECTIONS; i++) {
      socket.write(request)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      const status = answer.toString().split(' ', 2)[1] ?? 'none'
      counts[status] = (counts[status] ?? 0) + 1
    }
    socket.destroy()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
  return counts
}

void t.test('requests of web pages and through a proxy', { skip: missing('nix') }, async (t) => {
  const server = await startAttackedServer(t, { args: ['--serve-packages'] })
  const salt = `attack-${process.pid}`
  const drv = await nixInstantiate(fixture('shapes.nix'), [
    '-A',
    'slow',
    '--argstr',
    'salt',
    salt,
    '--arg',
    'seconds',
    '0',
  ])
  const manifest = `${repositoryUrl(server.url, drv)}/manifests/nix`
  for (const [name, url, headers, status] of [
    ['another site', manifest, 'Host: localhost\r\nSec-Fetch-Site: cross-site', '403'],
    ['a name that was bound anew', manifest, 'Host: evil.example', '421'],
    ['a name that was bound anew, for figures', `${server.url}/metrics`, 'Host: evil.example', '421'],
  ] as const) {
    const figures = await server.during(async () =>
      t.strictSame(await flood(url, headers), { [status]: REQUESTS }, name),
    )
    assertUnharmed(t, name, figures)
  }
  const proxy = await httpProxy(t, server.port)
  const figures = await server.during(async () =>
    t.strictSame(await flood(`${proxy}/builds`, 'Host: localhost'), { 401: REQUESTS }, 'a proxy'),
  )
  assertUnharmed(t, 'a proxy', figures)
  t.notOk(server.logs.some(({ kind }) => kind === 'building'))
})
