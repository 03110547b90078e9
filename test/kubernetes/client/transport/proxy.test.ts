/** API servers that are reached by way of a proxy. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import t from 'tap'
import type { ClusterAccess } from '../../../../src/kubernetes/client/cluster-access.ts'
import { KubernetesError } from '../../../../src/kubernetes/client/kubernetes-error.ts'
import { Transport } from '../../../../src/kubernetes/client/transport/transport.ts'
import { testAuthority } from '../../../support/certificates.ts'
import type { Scope } from '../../../support/scope.ts'

/** Known to the proxy alone. */
const HOST = 'nix.internal'

async function startProxy(
  scope: Scope,
  { port, status = 200 }: { readonly port: number; readonly status?: number },
) {
  const tunnels: string[] = []
  const proxy = createServer()
  const ends = new Set<Duplex>()
  proxy.on('connect', ({ url = '' }, client) => {
    tunnels.push(url)
    client.write(`HTTP/1.1 ${status} for a test\r\n\r\n`)
    if (status !== 200) return void client.end()
    const server = connect(port, '127.0.0.1')
    for (const end of [client, server]) ends.add(end.on('error', () => {}))
    client.pipe(server).pipe(client)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  scope.teardown(() => {
    for (const end of ends) end.destroy()
    proxy.close()
  })
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, tunnels }
}

void t.test('a cluster behind a proxy', async (t) => {
  const { ca, server: issue } = testAuthority()
  const { certificate: cert, key } = issue()
  const server = createTlsServer({ cert, key }, (_, response) => response.end('{"kind":"Status"}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => void server.close())
  const { port } = server.address() as AddressInfo
  const transport = (proxy: string): Transport => {
    const access: ClusterAccess = {
      server: new URL(`https://${HOST}:6443`),
      authorities: ca,
      isVerified: true,
      serverName: undefined,
      proxy: { HTTPS_PROXY: proxy },
      namespace: 'default',
      credentials: { certificate: undefined, bearer: undefined },
      impersonation: undefined,
    }
    const made = new Transport(access)
    t.teardown(() => made.close())
    return made
  }

  await t.test('is asked through one tunnel, which stays open', async (t) => {
    const proxy = await startProxy(t, { port })
    const asked = transport(proxy.url)
    for (let i = 0; i < 3; i++) t.same(await asked.json({ method: 'GET', path: '/x' }), { kind: 'Status' })
    t.same(proxy.tunnels, [`${HOST}:6443`])
    asked.close()
  })

  await t.test('and a proxy that refuses', async (t) => {
    const { url } = await startProxy(t, { port, status: 403 })
    const asked = transport(url)
      .json({ method: 'GET', path: '/x' })
      .catch((error: unknown) => error)
    const error = await asked
    t.ok(error instanceof KubernetesError)
    t.match(error, { kind: 'unreachable', message: /403/ })
  })
})
