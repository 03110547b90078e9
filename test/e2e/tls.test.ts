/** HTTPS with real clients and a private authority: pulls, certificates of clients, and a renewal during a pull. */
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { connect } from 'node:tls'
import { hashSync } from 'bcryptjs'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { imageName, repositoryUrl, sha256, type Manifest } from './client.ts'
import { testAuthority, writePair } from '../support/certificates.ts'
import { hostsToml, startContainerd } from '../support/containerd.ts'
import { busybox, nixBuild } from '../support/nix.ts'
import { podmanFor } from '../support/podman.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { copySourceToDir } from '../support/skopeo.ts'

const authority = testAuthority()

async function serve(t: Test, args: readonly string[] = []) {
  const directory = await temporaryDirectory(t, 'tls')
  const { certFile, keyFile } = await writePair(directory, authority.server())
  const ca = join(directory, 'ca.crt')
  await writeFile(ca, authority.ca)
  const tls = ['--tls-cert', certFile, '--tls-key', keyFile]
  const server = await startPushless(t, {
    args: ['--serve-packages', ...tls, ...args.map((arg) => arg || ca)],
  })
  return { server, directory, ca }
}

/** The directory in which podman looks for certificates of one registry. */
async function certificatesDir(t: Test, clientName?: string): Promise<string> {
  const directory = await temporaryDirectory(t, 'certs')
  await writeFile(join(directory, 'ca.crt'), authority.ca)
  if (clientName === undefined) return directory
  const { certificate, key } = authority.client(clientName)
  await writeFile(join(directory, 'client.cert'), certificate)
  await writeFile(join(directory, 'client.key'), key)
  return directory
}

function registriesConf({ port }: Pushless): string {
  return `[[registry]]\nprefix = "nix.internal"\nlocation = "127.0.0.1:${port}"\n`
}

async function get(url: string, path = '/v2/'): Promise<IncomingMessage> {
  const sent = request(new URL(path, url), { ca: authority.ca, agent: false })
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}

async function serialOf({ port }: Pushless): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', ca: authority.ca })
  await once(socket, 'secureConnect')
  const serial = socket.getPeerX509Certificate()?.serialNumber
  socket.destroy()
  return serial
}

void t.test('podman', { skip: missing('nix', 'podman', 'root') }, async (t) => {
  const name = imageName(await busybox())

  await t.test('pulls with the authority, and not without', async (t) => {
    const { server } = await serve(t)
    t.match(server.url, /^https:/)
    t.ok(server.logs.some(({ msg }) => msg === `bound to ${server.url}`))
    const podman = await podmanFor(t, server.url, registriesConf(server))
    const refused = await podman.podman('pull', name)
    t.not(refused.exitCode, 0)
    t.match(refused.stderr, /certificate signed by unknown authority/)
    const pulled = await podman.podman('pull', '--cert-dir', await certificatesDir(t), name)
    t.equal(pulled.exitCode, 0, pulled.stderr)
  })

  await t.test('needs a certificate of its own where the registry says so', async (t) => {
    const { server } = await serve(t, ['--tls-client-ca', ''])
    const podman = await podmanFor(t, server.url, registriesConf(server))
    const refused = await podman.podman('pull', '--cert-dir', await certificatesDir(t), name)
    t.not(refused.exitCode, 0)
    t.match(refused.stderr, /403 \(Forbidden\)/)
    const pulled = await podman.podman('pull', '--cert-dir', await certificatesDir(t, 'node-1'), name)
    t.equal(pulled.exitCode, 0, pulled.stderr)
    t.ok(server.logs.some(({ msg, client }) => msg === 'pull' && client === 'CN=node-1'))
  })
})

void t.test('skopeo', { skip: missing('nix', 'skopeo') }, async (t) => {
  const file = join(await temporaryDirectory(t, 'auth'), 'auth.yaml')
  const user = `{name: ci, password: ${hashSync('secret', 4)}, rights: [pull]}`
  await writeFile(file, `users: [${user}]\nanonymous: []\n`)
  const { server } = await serve(t, ['--auth', file])
  const path = await busybox()
  // --creds are for the registry of the name. Where registries.conf names another one, they are not sent there.
  const source = `docker://${new URL(server.url).host}${path}:nix`
  const certificates = await certificatesDir(t)
  const inspect = async (...args: readonly string[]) =>
    execa('skopeo', ['inspect', ...args, source], { reject: false })

  const refused = await inspect('--creds', 'ci:secret')
  t.not(refused.exitCode, 0)
  t.match(refused.stderr, /certificate signed by unknown authority/)
  t.match((await inspect('--cert-dir', certificates)).stderr, /unauthorized|authentication required/)
  const inspected = await inspect('--cert-dir', certificates, '--creds', 'ci:secret')
  t.equal(inspected.exitCode, 0, inspected.stderr)
  const { Digest: digest } = JSON.parse(inspected.stdout) as { readonly Digest: string }

  await t.rejects(copySourceToDir(t, source, ['--src-creds', 'ci:secret']), /unknown authority/)
  const copied = await copySourceToDir(t, source, [
    '--src-cert-dir',
    certificates,
    '--src-creds',
    'ci:secret',
  ])
  t.equal(sha256(await readFile(join(copied, 'manifest.json'))), digest)
})

void t.test('containerd', { skip: missing('nix', 'containerd', 'root') }, async (t) => {
  const name = imageName(await busybox())
  const { server, directory, ca } = await serve(t, ['--tls-client-ca', ''])
  const containerd = await startContainerd(t)
  const certificates = await containerd.hostsDir(server.url)
  const hosts = join(certificates, 'nix.internal/hosts.toml')
  const refused = await containerd.pull(name)
  t.match(refused.stderr, /certificate signed by unknown authority/)
  await writeFile(hosts, `${hostsToml([server.url])}  ca = "${ca}"\n`)
  t.match((await containerd.pull(name)).stderr, /403 client certificate needed/)

  const { certificate, key } = authority.client('node-1')
  const [clientCert, clientKey] = [join(directory, 'client.crt'), join(directory, 'client.key')]
  await writeFile(clientCert, certificate)
  await writeFile(clientKey, key)
  const client = `  ca = "${ca}"\n  client = [["${clientCert}", "${clientKey}"]]\n`
  await writeFile(hosts, `${hostsToml([server.url])}${client}`)
  const pulled = await containerd.pull(name)
  t.equal(pulled.exitCode, 0, pulled.stderr)
  t.equal((await get(server.url, '/healthz')).statusCode, 200, 'and a probe needs none')
})

void t.test('a renewal during a pull', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'large')
  const file = join(directory, 'default.nix')
  // 79 MB: more than the kernel buffers.
  await writeFile(
    file,
    `derivation { name = "large"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
  args = [ "-euc" "mkdir $out; seq 10000000 > $out/large" ]; }`,
  )
  const [path = ''] = await nixBuild(file)
  const { server, directory: files } = await serve(t)
  const repository = new URL(repositoryUrl(server.url, path)).pathname
  const manifest = (await json(await get(server.url, `${repository}/manifests/nix`))) as Manifest
  const layer = manifest.layers.toSorted((a, b) => b.size - a.size)[0]
  if (layer === undefined || layer.size < 40_000_000) throw new Error('no large layer')

  const before = await serialOf(server)
  const download = await get(server.url, `${repository}/blobs/${layer.digest}`)
  download.pause()
  await writeFile(join(files, 'tls.crt'), 'half')
  t.equal(await serialOf(server), before, 'a half-written file changes nothing')
  t.equal(await serialOf(server), before)
  await writePair(files, authority.server())
  const after = await serialOf(server)
  t.not(after, before, 'the next connection has the new certificate')
  await setTimeout(100)
  const chunks: Buffer[] = []
  for await (const chunk of download) chunks.push(chunk as Buffer)
  t.equal(sha256(Buffer.concat(chunks)), layer.digest, 'and the pull is whole')
  t.equal(server.logs.filter(({ msg }) => String(msg).startsWith('TLS files not read')).length, 1)
  t.equal(server.logs.filter(({ msg }) => msg === 'another certificate counts from now on').length, 1)
})

void t.test('what can’t be used is said at start', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'tls')
  const { certFile } = await writePair(directory, authority.server())
  await mkdir(join(directory, 'other'))
  const { keyFile } = await writePair(join(directory, 'other'), authority.server())
  await t.rejects(startPushless(t, { args: ['--tls-cert', certFile, '--tls-key', keyFile] }), {
    message: /TLS key .*tls\.key: does not fit the certificate in .*tls\.crt \(CN=localhost\)/,
  })
})

async function json(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}
