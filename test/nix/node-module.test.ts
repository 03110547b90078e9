/** nix/node.nix: a node's files, as NixOS gets them. That clients heed their very text is in test/e2e. */
import t from 'tap'
import { parse } from 'yaml'
import { evaluate, refusal, withoutNix } from './nix-command.ts'
import { nodeModule } from './node-module.ts'

const everything = 'enable = true; containerd = true; containers = true; k3s = true;'

void t.test('off unless enabled', { skip: withoutNix }, async (t) => {
  t.same(await evaluate(nodeModule('containerd = true;')), {})
})

void t.test('told is what is enabled on the node', { skip: withoutNix }, async (t) => {
  for (const [others, files] of [
    ['', []],
    ['virtualisation.containerd.enable = true;', ['containerd/certs.d/nix.internal/hosts.toml']],
    ['virtualisation.containers.enable = true;', ['containers/registries.conf.d/nix.internal.conf']],
    ['services.k3s.enable = true;', ['rancher/k3s/registries.yaml']],
  ] as const) {
    const config = `(${nodeModule('enable = true;', others)})`
    t.same(await evaluate(`builtins.attrNames ${config}.environment.etc`), files, others)
    const units = others.includes('k3s') ? ['k3s'] : []
    t.same(await evaluate(`builtins.attrNames ${config}.systemd.services`), units, 'and no unit of others')
  }
})

void t.test('the files', { skip: withoutNix }, async (t) => {
  const given = `${everything} registry = "http://10.0.0.1:30500";`
  t.same(await evaluate(`builtins.mapAttrs (_: file: file.text) (${nodeModule(given)}).environment.etc`), {
    'containerd/certs.d/nix.internal/hosts.toml':
      'server = "http://10.0.0.1:30500"\n[host."http://10.0.0.1:30500"]\n  capabilities = ["pull", "resolve"]\n',
    'containers/registries.conf.d/nix.internal.conf':
      '[[registry]]\nprefix = "nix.internal"\nlocation = "10.0.0.1:30500"\ninsecure = true\n',
    'rancher/k3s/registries.yaml': '{"mirrors":{"nix.internal":{"endpoint":["http://10.0.0.1:30500"]}}}\n',
  })
  const yaml = await evaluate(`(${nodeModule(given)}).environment.etc."rancher/k3s/registries.yaml".text`)
  t.same(parse(String(yaml)), { mirrors: { 'nix.internal': { endpoint: ['http://10.0.0.1:30500'] } } })
  t.match(await evaluate(`(${nodeModule(given)}).virtualisation.containerd.settings`), {
    plugins: { 'io.containerd.grpc.v1.cri': { registry: { config_path: '/etc/containerd/certs.d' } } },
  })
})

void t.test('a node that mounts EROFS asks for it', { skip: withoutNix }, async (t) => {
  for (const settings of [
    'version = 3; plugins."io.containerd.cri.v1.images".snapshotter = "erofs";',
    'plugins."io.containerd.grpc.v1.cri".containerd.snapshotter = "erofs";',
  ]) {
    const others = `virtualisation.containerd = { enable = true; settings = { ${settings} }; };`
    const config = `(${nodeModule('enable = true;', others)})`
    t.match(
      await evaluate(`${config}.environment.etc."containerd/certs.d/nix.internal/hosts.toml".text`),
      /\[host\."http:\/\/127\.0\.0\.1:5000"\.header\]\n {2}X-Pushless-Layers = \["erofs"\]\n$/,
    )
    t.same(await evaluate(`map (p: p.name) ${config}.systemd.services.containerd.path`), ['erofs-utils'])
  }
})

void t.test('by TLS', { skip: withoutNix }, async (t) => {
  const text = await evaluate(
    `(${nodeModule(`${everything} registry = "https://registry.example";`)}).environment.etc."containers/registries.conf.d/nix.internal.conf".text`,
  )
  t.match(text, 'location = "registry.example"\ninsecure = false\n')
})

void t.test('refused', { skip: withoutNix }, async (t) => {
  const cases: Record<string, RegExp> = {
    'enable = true; containerd = true; registry = "127.0.0.1:5000";':
      /^services\.pushless\.node: registry is "127\.0\.0\.1:5000", expected scheme, host and port/,
    'enable = true; k3s = true; registry = "http://a/b";': /^services\.pushless\.node: registry is/,
    'enable = true; k3s = "yes";': /k3s/,
    'enable = true; docker = true;': /unknown == \[/,
  }
  for (const [given, expected] of Object.entries(cases))
    t.match((await refusal(nodeModule(given))) ?? 'no refusal', expected, given)
})
