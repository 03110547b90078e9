/** docs/cluster.md, docs/install.md and docs/nodes/ say what is: every argument, an example that evaluates, the files as they are. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { blocksOf } from '../../docs/pages.ts'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'
import { nodeModule } from '../../nix/node-module.ts'
import { nodeRoot } from '../../support/node-root.ts'

const cluster = await readFile(`${root}docs/cluster.md`, 'utf8')
const install = await readFile(`${root}docs/install.md`, 'utf8')

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
    const unused = [
      'statefulSet',
      'deployment',
      'horizontalPodAutoscaler',
      'namespace',
      'nodeSetup',
      'serviceAccount',
    ]
    const builders = unused.map((name) => `${name} = null;`).join(' ')
    for (const [file, variant] of [
      ['cache-registry', 'store = "cache"'],
      ['own-registry', 'kind = "StatefulSet"'],
    ] as const) {
      const names = await evaluate(
        `builtins.attrNames (builtins.functionArgs (import ${root}manifests/registry/${file}.nix { ${builders} }))`,
      )
      const [, table = ''] = install.split(`| \`registry\`, \`${variant}\` | default |`)
      const said: ReadonlySet<string> = new Set(variant.split(' ', 1))
      for (const name of (names as string[]).filter((one) => one !== 'store' && !said.has(one)))
        t.match(table.split('\n\n')[0], `\`${name}\``, `${variant}: ${name}`)
    }
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

void t.test('docs/nodes has the files that are written', { skip: withoutNix }, async (t) => {
  const [hosts, tlsHosts] = await filesOn('containerd', 'hosts.toml')
  const [registries, tlsRegistries] = await filesOn('cri-o', 'registries.conf')
  const [mirrors, tlsMirrors] = await filesOn('k3s', 'registries.yaml')
  t.equal((await filesOn('clients', 'hosts.toml'))[0], hosts)
  const given = 'enable = true; containerd = true; containers = true;'
  t.same(await evaluate(`builtins.mapAttrs (_: file: file.text) (${nodeModule(given)}).environment.etc`), {
    'containerd/certs.d/nix.internal/hosts.toml': hosts,
    'containers/registries.conf.d/nix.internal.conf': registries,
  })
  for (const [url, files] of [
    ['http://127.0.0.1:5000', { hosts, registries, mirrors }],
    [
      'https://registry.example.org:5000',
      { hosts: tlsHosts, registries: tlsRegistries, mirrors: tlsMirrors },
    ],
  ] as const) {
    const node = await nodeRoot(t, url)
    await node.write('authority.crt', 'a certificate')
    await node.setUp('apply', {
      RUNTIMES: 'containerd podman k3s',
      ...(url.startsWith('https:') ? { AUTHORITY: join(node.directory, 'authority.crt') } : {}),
    })
    const withoutMark = async (path: string) => (await node.read(path))?.replace(/^#.*\n/, '')
    t.equal(await withoutMark('etc/containerd/certs.d/nix.internal/hosts.toml'), files.hosts)
    t.equal(await withoutMark('etc/containers/registries.conf.d/nix.internal.conf'), files.registries)
    t.equal(await withoutMark('etc/rancher/k3s/registries.yaml'), files.mirrors)
  }
})

/** The blocks of this format on a page, in order. */
async function filesOn(page: string, format: string): Promise<readonly string[]> {
  const name = page === 'clients' ? 'docs/clients.md' : `docs/nodes/${page}.md`
  const blocks = blocksOf(await readFile(`${root}${name}`, 'utf8'))
  return blocks.filter((block) => block.format === format).map(({ text }) => `${text}\n`)
}
