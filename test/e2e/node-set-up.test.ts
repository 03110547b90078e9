/** What the NixOS module and the set-up of nodes write, letter by letter, given to the clients it is for. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { imageName } from './client.ts'
import { exampleImage } from './example.ts'
import { evaluate } from '../nix/nix-command.ts'
import { nodeModule } from '../nix/node-module.ts'
import { testAuthority, writePair } from '../support/certificates.ts'
import { startContainerd } from '../support/containerd.ts'
import { missingCri } from '../support/containerd-cri.ts'
import { debianRoot, inRoot } from '../support/debian-root.ts'
import { nodeRoot } from '../support/node-root.ts'
import { podmanFor } from '../support/podman.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const HOSTS = 'containerd/certs.d/nix.internal/hosts.toml'
const REGISTRIES = 'containers/registries.conf.d/nix.internal.conf'

/** The files of /etc by the NixOS module. */
async function filesFor(url: string): Promise<Record<string, string>> {
  const given = `enable = true; containerd = true; containers = true; k3s = true; registry = "${url}";`
  return (await evaluate(
    `builtins.mapAttrs (_: file: file.text) (${nodeModule(given)}).environment.etc`,
  )) as Record<string, string>
}

void t.test('containerd', { skip: missing('nix', 'containerd', 'root') }, async (t) => {
  const name = imageName(await exampleImage())
  const { url } = await sharedPushless()
  const containerd = await startContainerd(t)
  const node = await nodeRoot(t, url)
  const etc = await temporaryDirectory(t, 'etc')
  await mkdir(dirname(join(etc, HOSTS)), { recursive: true })
  await writeFile(join(etc, HOSTS), (await filesFor(url))[HOSTS] ?? '')
  await node.setUp('apply')
  for (const [whose, directory] of [
    ['the NixOS module', etc],
    ['the set-up of nodes', join(node.directory, 'etc')],
  ] as const) {
    const hosts = join(directory, 'containerd/certs.d')
    const snapshotter = ['--snapshotter', containerd.snapshotter]
    const pulled = await containerd.ctr('images', 'pull', ...snapshotter, '--hosts-dir', hosts, name)
    t.equal(pulled.exitCode, 0, `${whose}: ${pulled.stderr}`)
    await containerd.remove(name)
  }
})

void t.test(
  'containerd, over TLS by a private authority',
  { skip: missing('nix', 'containerd', 'root') },
  async (t) => {
    const name = imageName(await exampleImage())
    const directory = await temporaryDirectory(t, 'authority')
    const authority = testAuthority()
    const { certFile, keyFile } = await writePair(directory, authority.server())
    await writeFile(join(directory, 'ca.crt'), authority.ca)
    const { url } = await startPushless(t, { args: ['--tls-cert', certFile, '--tls-key', keyFile] })
    const node = await nodeRoot(t, url)
    const hosts = join(directory, 'certs.d')
    // The path of the certificate is the node's: its root directory is this machine's here.
    await node.setUp('apply', { ROOT: '', CERTS_DIR: hosts, AUTHORITY: join(directory, 'ca.crt') })
    const containerd = await startContainerd(t)
    const pulled = await containerd.ctr(
      'images',
      'pull',
      '--snapshotter',
      containerd.snapshotter,
      '--hosts-dir',
      hosts,
      name,
    )
    t.equal(pulled.exitCode, 0, pulled.stderr)
  },
)

void t.test('podman', { skip: missing('nix', 'podman', 'root') }, async (t) => {
  const name = imageName(await exampleImage())
  const { url } = await sharedPushless()
  const node = await nodeRoot(t, url)
  await node.setUp('apply', { RUNTIMES: 'podman' })
  for (const [whose, text] of [
    ['the NixOS module', (await filesFor(url))[REGISTRIES]],
    ['the set-up of nodes', await node.read(`etc/${REGISTRIES}`)],
  ] as const) {
    // Nothing else is said to podman: it has no other way to find the registry.
    const pulled = await (await podmanFor(t, 'http://127.0.0.1:1', text ?? '')).pull(name)
    t.equal(pulled.exitCode, 0, `${whose}: ${pulled.stderr}`)
  }
})

void t.test('containerd 2 takes the settings of version 2', { skip: await missingCri('sid') }, async (t) => {
  const settings = await evaluate(
    `(${nodeModule('enable = true; containerd = true;')}).virtualisation.containerd.settings`,
  )
  t.match(settings, { plugins: { 'io.containerd.grpc.v1.cri': { registry: { config_path: /certs\.d$/ } } } })
  const directory = await temporaryDirectory(t, 'config')
  await writeFile(
    join(directory, 'config.toml'),
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n',
  )
  const [file, ...args] = inRoot(
    await debianRoot('sid'),
    ['containerd', '--config', '/mnt/config.toml', 'config', 'dump'],
    { binds: { '/mnt': directory } },
  )
  const { stdout } = await execa(file, args, { timeout: 60_000 })
  t.match(
    stdout,
    /\[plugins\.['"]io\.containerd\.cri\.v1\.images['"]\.registry\]\s+config_path = ['"]\/etc\/containerd\/certs\.d['"]/,
  )
})
