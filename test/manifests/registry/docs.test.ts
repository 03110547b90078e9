/** docs/cluster.md, docs/install.md and docs/clients.md say what is: every argument, an example that evaluates, the files as they are. */
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'
import { nodeModule } from '../../nix/node-module.ts'
import { nodeRoot } from '../../support/node-root.ts'

const cluster = await readFile(`${root}docs/cluster.md`, 'utf8')
const install = await readFile(`${root}docs/install.md`, 'utf8')
const clients = await readFile(`${root}docs/clients.md`, 'utf8')

/** The indented block below a line. */
function blockBelow(text: string, line: string): string {
  const block = text
    .slice(text.indexOf(line))
    .split('\n')
    .slice(1)
    .join('\n')
    .match(/^\n*((?: {4}.*\n)+)/)?.[1]
  if (block === undefined) throw new Error(`nothing below ${line}`)
  return block.replaceAll(/^ {4}/gm, '')
}

void t.test('docs/cluster.md has each argument', { skip: withoutNix }, async (t) => {
  for (const builder of ['registry', 'nodeSetup']) {
    const names = await evaluate(
      `builtins.attrNames (builtins.functionArgs (import ${root}manifests { }).${builder})`,
    )
    const [, table = ''] = cluster.split(`| \`${builder}\` | default |`)
    for (const name of names as string[])
      t.match(table.split('\n\n')[0], `\`${name}\``, `${builder}: ${name}`)
  }
})

void t.test(
  'docs/install.md has each argument of the registry without Nix',
  { skip: withoutNix },
  async (t) => {
    const unused = ['deployment', 'horizontalPodAutoscaler', 'namespace', 'nodeSetup', 'serviceAccount']
    const builders = unused.map((name) => `${name} = null;`).join(' ')
    const names = await evaluate(
      `builtins.attrNames (builtins.functionArgs (import ${root}manifests/registry/cache-registry.nix { ${builders} }))`,
    )
    const [, table = ''] = install.split('| `registry`, `store = "cache"` | default |')
    for (const name of (names as string[]).filter((one) => one !== 'store'))
      t.match(table.split('\n\n')[0], `\`${name}\``, name)
    const example = blockBelow(install, '## With the Nix library')
    t.equal(await evaluate(`(${example.replace('./manifests', `${root}manifests`)}).name`), 'pushless.json')
  },
)

void t.test('its example evaluates', { skip: withoutNix }, async (t) => {
  const example = blockBelow(cluster, 'by the functions that they are made with:')
  t.match(example, 'registry {')
  const name = await evaluate(`(${example.replace('./manifests', `${root}manifests`)}).name`)
  t.equal(name, 'pushless.json')
})

void t.test('docs/clients.md has the files that are written', { skip: withoutNix }, async (t) => {
  const hosts = blockBelow(clients, '`/etc/containerd/certs.d/nix.internal/hosts.toml`')
  const registries = blockBelow(clients, '`/etc/containers/registries.conf.d/nix.internal.conf`')
  const given = 'enable = true; containerd = true; containers = true;'
  t.same(await evaluate(`builtins.mapAttrs (_: file: file.text) (${nodeModule(given)}).environment.etc`), {
    'containerd/certs.d/nix.internal/hosts.toml': hosts,
    'containers/registries.conf.d/nix.internal.conf': registries,
  })
  const node = await nodeRoot(t, 'http://127.0.0.1:5000')
  await node.setUp('apply', { RUNTIMES: 'containerd podman k3s' })
  const withoutMark = async (path: string) => (await node.read(path))?.replace(/^#.*\n/, '')
  t.equal(await withoutMark('etc/containerd/certs.d/nix.internal/hosts.toml'), hosts)
  t.equal(await withoutMark('etc/containers/registries.conf.d/nix.internal.conf'), registries)
  t.equal(
    await withoutMark('etc/rancher/k3s/registries.yaml'),
    blockBelow(clients, '`/etc/rancher/k3s/registries.yaml`'),
  )
})
