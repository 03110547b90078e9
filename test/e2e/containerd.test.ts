/** containerd as a node has it: hosts.toml, pull, run; and a download that breaks off and goes on. */
import { createServer, request } from 'node:http'
import { once } from 'node:events'
import t from 'tap'
import { imageName } from './client.ts'
import { startContainerd } from '../support/containerd.ts'
import { busybox, fixture, nixInstantiate } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import type { Scope } from '../support/scope.ts'

void t.test('containerd', { skip: missing('nix', 'containerd', 'root') }, async (t) => {
  const path = await busybox()
  const name = imageName(path)
  const { url } = await sharedPushless('--serve-packages')
  const containerd = await startContainerd(t)

  await t.test('pulls and runs an image that nobody pushed', async (t) => {
    await containerd.hostsDir(url)
    const pulled = await containerd.pull(name)
    t.equal(pulled.exitCode, 0, pulled.stderr)
    const ran = await containerd.run(name, [
      '/bin/sh',
      '-c',
      'echo from $(readlink /bin/sh); ls -ld /tmp; cat /etc/passwd',
    ])
    t.equal(ran.exitCode, 0, ran.stderr)
    t.match(ran.stdout, new RegExp(`^from ${path}/bin/sh`))
    t.match(ran.stdout, /^drwxrwxrwt .* \/tmp$/m)
    t.match(ran.stdout, /^root:x:0:0:/m)
    await containerd.remove(name)
  })

  await t.test('resumes a layer by Range after the connection was cut', async (t) => {
    const proxy = await cuttingProxy(t, url)
    await containerd.hostsDir(proxy.url)
    const pulled = await containerd.pull(name)
    t.equal(pulled.exitCode, 0, pulled.stderr)
    t.equal(proxy.cuts(), 1, 'one download was cut')
    t.ok(
      proxy.ranges().some((range) => /^bytes=[1-9][0-9]*-/.test(range)),
      `went on with ${proxy.ranges().join(', ')}`,
    )
    t.match(await containerd.run(name, ['/bin/echo', 'whole']), { exitCode: 0, stdout: 'whole' })
  })

  await t.test('shows why an image can\u2019t be pulled', async (t) => {
    await containerd.hostsDir(url)
    const { exitCode, stderr } = await containerd.pull(
      'nix.internal/nix/store/00000000000000000000000000000000-nothing:nix',
    )
    t.not(exitCode, 0)
    t.match(stderr, /not found/)
    const salt = `containerd-${process.pid}`
    const failing = await nixInstantiate(fixture('shapes.nix'), ['-A', 'fails', '--argstr', 'salt', salt])
    const failed = await containerd.pull(imageName(failing))
    t.not(failed.exitCode, 0)
    t.match(failed.stderr, /500 nix build failed/, 'of a HEAD that failed it shows the reason phrase alone')
  })
})

void t.test(
  'one pull waits for a build of seven holds',
  { skip: missing('nix', 'containerd', 'root') },
  async (t) => {
    for (const wait of ['redirect', 'retry']) {
      const salt = `${wait}-${process.pid}`
      const args = ['-A', 'slow', '--argstr', 'salt', salt, '--arg', 'seconds', '7']
      const slow = await nixInstantiate(fixture('shapes.nix'), args)
      const { url, logs } = await startPushless(t, {
        args: ['--serve-packages', '--hold', '1', '--wait', wait],
      })
      const containerd = await startContainerd(t)
      await containerd.hostsDir(url)
      t.match(await containerd.pull(imageName(slow)), { exitCode: 0 }, wait)
      const refused = logs.filter(({ status }) => status === 429).length
      if (wait === 'redirect') t.equal(refused, 0, 'nothing was refused on the way')
      else t.ok(refused > 1, `containerd came back by itself, ${refused} times`)
    }
  },
)

type Proxy = { readonly url: string; readonly cuts: () => number; readonly ranges: () => readonly string[] }

/** Passes everything on, and cuts the first large download after half of it. */
async function cuttingProxy(scope: Scope, target: string): Promise<Proxy> {
  let cuts = 0
  const ranges: string[] = []
  const server = createServer((incoming, outgoing) => {
    const { range } = incoming.headers
    if (range !== undefined) ranges.push(range)
    const { method = 'GET', headers } = incoming
    request(new URL(incoming.url ?? '/', target), { method, headers }, (response) => {
      const length = Number(response.headers['content-length'] ?? 0)
      outgoing.writeHead(response.statusCode ?? 500, response.headers)
      if (method === 'HEAD' || length < 1e6 || cuts > 0) {
        response.pipe(outgoing)
        return
      }
      cuts += 1
      let passed = 0
      response.on('data', (chunk: Buffer) => {
        if (passed > length / 2) incoming.socket.destroy()
        else outgoing.write(chunk)
        passed += chunk.length
      })
    }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, cuts: () => cuts, ranges: () => ranges }
}
