/** The set-up of a node, run for real below a temporary root directory. That clients heed it is in test/e2e. */
import { chmod, lstat, readdir, readlink, stat, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { until } from '../../e2e/until.ts'
import { nodeRoot } from '../../support/node-root.ts'
import { missing } from '../../support/requirement.ts'

const URL_OF_REGISTRY = 'http://127.0.0.1:5000'
const HOSTS = 'etc/containerd/certs.d/nix.internal/hosts.toml'
const CONFIG = 'etc/containerd/config.toml'
const REGISTRIES = 'etc/containers/registries.conf.d/nix.internal.conf'
const K3S = 'etc/rancher/k3s/registries.yaml'
const THEIRS = '# somebody else wrote this\nserver = "https://example.org"\n'

// What the machine has, and what the registry's own image has.
const shells = {
  sh: false,
  'busybox sh': missing('busybox'),
} as const

for (const [name, skip] of Object.entries(shells)) {
  const shell = name.split(' ') as [string, ...string[]]

  void t.test(`by ${name}`, { skip }, async (t) => {
    await t.test('containerd: written, again, and taken back', async (t) => {
      const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
      await node.write(CONFIG, `[plugins.x.registry]\n  config_path = "/etc/containerd/certs.d"\n`)
      t.same(await node.setUp('apply'), { code: 0, said: `node-setup: wrote /${HOSTS}` })
      const written = await node.read(HOSTS)
      t.match(written, /^# Written by/)
      t.match(
        written,
        `server = "${URL_OF_REGISTRY}"\n[host."${URL_OF_REGISTRY}"]\n  capabilities = ["pull", "resolve"]\n`,
      )
      const { ino } = await stat(join(node.directory, HOSTS))
      t.same(await node.setUp('apply'), { code: 0, said: '' }, 'nothing to do')
      t.equal((await stat(join(node.directory, HOSTS))).ino, ino, 'and nothing done')

      await node.setUp('apply', { URL: 'http://10.0.0.1:30500' })
      t.match(await node.read(HOSTS), /10\.0\.0\.1:30500/, 'another registry')
      t.same(await node.setUp('undo'), { code: 0, said: `node-setup: removed /${HOSTS}` })
      t.same(await readdir(join(node.directory, 'etc/containerd/certs.d')), [], 'as it was before')
      t.same(await node.setUp('undo'), { code: 0, said: '' }, 'nothing to take back')
    })

    await t.test('the certificate of an authority is distributed, and renewed', async (t) => {
      const node = await nodeRoot(t, 'https://registry.example.org:5000', shell)
      await node.write('authority.crt', 'the first')
      const authority = { AUTHORITY: join(node.directory, 'authority.crt') }
      const ca = 'etc/containerd/certs.d/nix.internal/ca.crt'
      await node.setUp('apply', authority)
      t.match(await node.read(HOSTS), `  ca = "/${ca}"\n`)
      t.match(await node.read(ca), /^# Written by .*\nthe first$/)
      await node.write('authority.crt', 'the second')
      await node.setUp('apply', authority)
      t.match(await node.read(ca), /the second$/)
      await node.setUp('undo', authority)
      t.same(await readdir(join(node.directory, 'etc/containerd/certs.d')), [])

      await node.setUp('apply', { ...authority, RUNTIMES: 'podman k3s' })
      t.match(await node.read('etc/containers/certs.d/registry.example.org:5000/pushless.crt'), /the second$/)
      t.match(parse((await node.read(K3S)) ?? ''), {
        configs: { 'registry.example.org:5000': { tls: { ca_file: '/etc/rancher/k3s/pushless.crt' } } },
      })
      t.match(await node.setUp('apply', { ...authority, URL: URL_OF_REGISTRY }), {
        code: 2,
        said: /is for https/,
      })
    })

    await t.test('earlier files come back unchanged', async (t) => {
      const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
      await node.write(HOSTS, THEIRS)
      await chmod(join(node.directory, HOSTS), 0o640)
      t.match((await node.setUp('apply')).said, `kept /${HOSTS} as /${HOSTS}.before-pushless`)
      await node.setUp('apply', { URL: 'http://127.0.0.1:5001' })
      t.equal(await node.read(`${HOSTS}.before-pushless`), THEIRS, 'ours never takes its place')
      t.match((await node.setUp('undo')).said, `brought back /${HOSTS}`)
      t.equal(await node.read(HOSTS), THEIRS)
      t.equal((await stat(join(node.directory, HOSTS))).mode & 0o777, 0o640)
      t.same(await readdir(join(node.directory, HOSTS, '..')), ['hosts.toml'])
    })

    await t.test('a link, as NixOS has them, comes back as a link', async (t) => {
      const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
      await node.write(HOSTS, '')
      await unlink(join(node.directory, HOSTS))
      // Its target isn't there, as it isn't in the Pod.
      await symlink('/etc/static/hosts.toml', join(node.directory, HOSTS))
      await node.setUp('apply')
      t.ok((await lstat(join(node.directory, HOSTS))).isFile())
      await node.setUp('undo')
      t.equal(await readlink(join(node.directory, HOSTS)), '/etc/static/hosts.toml')
    })

    await t.test('files that were changed since are left alone', async (t) => {
      const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
      await node.setUp('apply')
      await node.write(HOSTS, THEIRS)
      t.match((await node.setUp('undo')).said, `left /${HOSTS} alone`)
      t.equal(await node.read(HOSTS), THEIRS)
    })

    await t.test('says what containerd lacks', async (t) => {
      const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
      const lacks = /doesn't have \/etc\/containerd\/certs\.d as config_path\. It needs[^]*config_path = "/
      t.match((await node.setUp('apply')).said, lacks, 'no config.toml')
      for (const [config, expected] of [
        ['version = 2\n', lacks],
        // containerd 2.2 and later have it as their default, and then read none of them.
        ['  config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"\n', lacks],
        ['# config_path = "/etc/containerd/certs.d"\n', lacks],
        ['[plugins.x.registry.mirrors."docker.io"]\n', /registry\.mirrors in it must go/],
        ["\tconfig_path = '/etc/containerd/certs.d'\n", /^$/],
      ] as const) {
        await node.write(CONFIG, config)
        t.match((await node.setUp('apply')).said, expected, config)
      }
    })

    await t.test('a node that mounts EROFS asks for it', async (t) => {
      const header = `[host."${URL_OF_REGISTRY}".header]\n  X-Pushless-Layers = ["erofs"]\n`
      const images = '[plugins."io.containerd.cri.v1.images"]'
      for (const [config, asks] of [
        [`${images}\n  disable = "no"\n  snapshotter = "erofs"\n`, true],
        [`\t[plugins.'io.containerd.cri.v1.images']\n\tsnapshotter='erofs' # mounted`, true],
        ['[plugins."io.containerd.grpc.v1.cri".containerd]\nsnapshotter = "erofs"\n', true],
        [`${images}\nsnapshotter = "overlayfs"\n`, false],
        [`${images}\n# snapshotter = "erofs"\n`, false],
        ['[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.er]\nsnapshotter = "erofs"\n', false],
        [`${images}\n[plugins."io.containerd.service.v1.diff-service"]\nsnapshotter = "erofs"\n`, false],
      ] as const) {
        const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
        await node.write(CONFIG, config)
        const { said } = await node.setUp('apply')
        t.equal((await node.read(HOSTS))?.endsWith(header), asks, config)
        t.equal(said.includes('mkfs.erofs --help'), asks)
      }
    })

    await t.test('CRI-O and podman', async (t) => {
      const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
      t.match(await node.setUp('apply', { RUNTIMES: 'cri-o podman' }), { code: 0, said: /on SIGHUP/ })
      const expected = '[[registry]]\nprefix = "nix.internal"\nlocation = "127.0.0.1:5000"\ninsecure = true\n'
      t.match(await node.read(REGISTRIES), expected)
      await node.setUp('apply', { RUNTIMES: 'podman', URL: 'https://registry.example' })
      t.match(await node.read(REGISTRIES), 'location = "registry.example"\ninsecure = false\n')
      await node.setUp('undo', { RUNTIMES: 'cri-o podman' })
      t.equal(await node.read(REGISTRIES), undefined)
    })

    await t.test('k3s: one file for all registries', async (t) => {
      const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
      const env = { RUNTIMES: 'k3s' }
      t.match(
        (await node.setUp('apply', env)).said,
        'k3s reads /etc/rancher/k3s/registries.yaml when it starts',
      )
      t.same(parse((await node.read(K3S)) ?? ''), {
        mirrors: { 'nix.internal': { endpoint: [URL_OF_REGISTRY] } },
      })
      await node.setUp('undo', env)
      t.equal(await node.read(K3S), undefined)

      const theirs = 'mirrors:\n    docker.io:\n        endpoint: ["https://mirror.example"]\n'
      await node.write(K3S, theirs)
      t.match((await node.setUp('apply', env)).said, /left alone\. It needs[^]*endpoint: \["http:\/\/127/)
      await node.setUp('undo', env)
      t.equal(await node.read(K3S), theirs, 'never touched')
      await node.write(K3S, `${theirs}    nix.internal: {}\n`)
      t.match((await node.setUp('apply', env)).said, /names nix\.internal already/)
    })

    await t.test('as its Pod has it: repairs, and takes back on SIGTERM', async (t) => {
      const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
      await node.write(HOSTS, THEIRS)
      const setup = await node.start({ INTERVAL: '1' })
      t.match(await node.read(HOSTS), /Written by/)
      await node.write(HOSTS, 'server = "https://later.example"\n')
      await until(async () => (await node.read(HOSTS))?.includes('Written by') || undefined)
      t.same(await setup.stop(), { exitCode: 0, signal: undefined })
      t.equal(await node.read(HOSTS), 'server = "https://later.example"\n', 'the last that was there')
      t.equal(
        setup.lines.filter((line) => line.includes("doesn't have")).length,
        1,
        'what a person has to do is said once',
      )
    })

    await t.test('refused', async (t) => {
      const node = await nodeRoot(t, URL_OF_REGISTRY, shell)
      for (const [env, expected] of [
        [{ URL: '127.0.0.1:5000' }, /expected http:\/\//],
        [{ URL: 'http://a"\nserver = "b' }, /has something in it/],
        [{ REGISTRY: '$(id)' }, /has something in it/],
        [{ REGISTRY: '../..' }, /expected a host/],
        [{ RUNTIMES: 'containerd docker' }, /docker is no runtime/],
      ] as const)
        t.match(await node.setUp('apply', env), { code: 2, said: expected })
      t.match(await node.setUp('remove'), { code: 2, said: /unknown word: remove/ })
      t.same(await readdir(node.directory), [], 'and nothing written')
    })
  })
}
