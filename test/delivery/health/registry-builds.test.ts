/** What a registry tells about the build of an image, by its own routes. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { registryBuilds } from '../../../src/delivery/health/registry-builds.ts'
import { appOf, begin, BUILD, fail, HASH, MADE } from '../../http/build-app.ts'

const IMAGE = `nix.internal${MADE}:nix`

void t.test('a failed build has its last lines, one that goes on is said so', async (t) => {
  const { app, journal } = appOf(t)
  const registry = new URL(`${await app.listen({ port: 0, host: '127.0.0.1' })}/`)
  const buildOf = registryBuilds(registry)
  t.equal(await buildOf(IMAGE), undefined, 'nothing is known yet')
  begin(journal, 'one')
  t.match(
    await buildOf(IMAGE),
    /^hello-2.12 is being built since 20\d\d-.*: see http.*\/builds\/[a-z0-9]{32}$/,
  )
  fail(journal)
  const lines = (await buildOf(IMAGE))?.split('\n') ?? []
  t.match(lines[0], /^build of hello-2.12 failed: nix build failed/)
  t.same(lines[1], '  no')
  t.equal((await buildOf(`nix.internal${BUILD.derivation}:nix`))?.split('\n').length, 3, 'by its derivation')
  t.equal(await buildOf('docker.io/library/nginx:1.27'), undefined)
  t.equal(await buildOf(`nix.internal/nix/store/${HASH.replace('a', 'c')}-other:nix`), undefined)
})

void t.test('a registry that is away or closed says nothing that fails', async (t) => {
  t.equal(await registryBuilds(new URL('http://127.0.0.1:9/'))(IMAGE), undefined)
  let authorization: string | undefined
  const closed = createServer((request, response) => {
    authorization = request.headers.authorization
    response.writeHead(403).end()
  })
  closed.listen(0, '127.0.0.1')
  await once(closed, 'listening')
  t.teardown(() => closed.close())
  const { port } = closed.address() as AddressInfo
  const headers = { authorization: 'Bearer wrong' }
  const buildOf = registryBuilds(new URL(`http://127.0.0.1:${port}/`), { headers })
  t.match(await buildOf(IMAGE), /^the log of its build may not be read from here: see http/)
  t.equal(authorization, 'Bearer wrong')
})
