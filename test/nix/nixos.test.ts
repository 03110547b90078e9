/** nix/module.nix and nix/node.nix, with the module system that NixOS has. */
import t from 'tap'
import { root } from './nix-command.ts'
import { inSystem, systemRefusal, withoutNixpkgsLib as skip } from './nixos.ts'

const module = `${root}nix/module.nix`
const node = `${root}nix/node.nix`

void t.test('imported twice, by any form, the module counts once', { skip }, async (t) => {
  const imports = [
    module,
    module,
    `import ${module}`,
    `import ${module}`,
    node,
    `{ imports = [ ${module} (import ${node}) ]; }`,
  ]
  const given = 'services.pushless = { enable = true; node.enable = true; node.containers = true; };'
  t.match(
    await inSystem(
      { given, imports },
      '{ inherit failed; inherit (config.systemd.services.pushless.environment) PUSHLESS_LISTEN; }',
    ),
    { failed: [], PUSHLESS_LISTEN: '127.0.0.1:5000' },
  )
})

void t.test('settings reach the server as text, lists as words', { skip }, async (t) => {
  const given = `services.pushless = {
    enable = true;
    settings = {
      hold = 2.5;
      builds = 4;
      verify = true;
      log-level = "debug";
      systems = [ "x86_64-linux" "aarch64-linux" ];
      allow-names = "web-* 100%";
    };
  };`
  t.same(await inSystem({ given }, 'config.systemd.services.pushless.environment'), {
    PUSHLESS_ALLOW_NAMES: 'web-* 100%%',
    PUSHLESS_BUILDS: '4',
    PUSHLESS_HOLD: '2.500000',
    PUSHLESS_LISTEN: '127.0.0.1:5000',
    PUSHLESS_LOG_LEVEL: 'debug',
    PUSHLESS_SERVE_PACKAGES: 'false',
    PUSHLESS_STATE: '/var/lib/pushless',
    PUSHLESS_SYSTEMS: 'x86_64-linux aarch64-linux',
    PUSHLESS_VERIFY: 'true',
  })
})

void t.test('files are credentials', { skip }, async (t) => {
  const given = `services.pushless = {
    enable = true;
    # The older name of credentials.token-file.
    tokenFile = "/run/secrets/token";
    credentials.auth = "/run/secrets/auth.yaml";
    groups = [ "acme" ];
  };`
  t.match(
    await inSystem(
      { given },
      '{ inherit (config.systemd.services.pushless) environment serviceConfig; inherit (config) nix; }',
    ),
    {
      environment: { PUSHLESS_AUTH: '%d/auth', PUSHLESS_TOKEN_FILE: '%d/token-file' },
      serviceConfig: {
        LoadCredential: ['auth:/run/secrets/auth.yaml', 'token-file:/run/secrets/token'],
        RefreshOnReload: 'credentials',
        SupplementaryGroups: ['acme'],
        ExecReload: /\/bin\/kill -HUP \$MAINPID$/,
        PrivateUsers: true,
        PrivateMounts: true,
        ProcSubset: 'pid',
        DevicePolicy: 'closed',
        SystemCallFilter: ['@system-service', '~@privileged', '~@resources'],
      },
      nix: { settings: { 'extra-allowed-users': ['pushless'] } },
    },
  )
  const port = 'services.pushless = { enable = true; listen = "0.0.0.0:443"; };'
  t.match(
    await inSystem({ given: port }, 'config.systemd.services.pushless.serviceConfig'),
    { PrivateUsers: false, AmbientCapabilities: ['CAP_NET_BIND_SERVICE'] },
    'a port that needs a capability of the machine itself',
  )
})

void t.test('a node pulls from where its registry listens', { skip }, async (t) => {
  for (const [listen, url] of [
    ['127.0.0.1:6000', 'http://127.0.0.1:6000'],
    ['0.0.0.0:6000', 'http://127.0.0.1:6000'],
    ['[::]:6000', 'http://[::1]:6000'],
    ['10.0.0.7:443', 'http://10.0.0.7:443'],
  ] as const) {
    const given = `services.pushless = { enable = true; listen = "${listen}"; node.enable = true; };`
    t.equal(await inSystem({ given }, 'config.services.pushless.node.registry'), url, listen)
  }
  const alone = 'services.pushless.node.enable = true;'
  t.equal(await inSystem({ given: alone }, 'config.services.pushless.node.registry'), 'http://127.0.0.1:5000')
  t.equal(
    await inSystem({ given: alone, imports: [node] }, 'config.services.pushless.node.registry'),
    'http://127.0.0.1:5000',
    'without the module of the registry',
  )
})

const onNode = 'services.pushless.node.enable = true;'

void t.test('a node with containerd, k3s and RKE2', { skip }, async (t) => {
  const facts = `{
    inherit failed;
    etc = builtins.mapAttrs (_: file: file.text) config.environment.etc;
    units = builtins.mapAttrs (_: unit: unit.restartTriggers) config.systemd.services;
    inherit (config.virtualisation.containerd) settings;
  }`
  const yaml = '{"mirrors":{"nix.internal":{"endpoint":["http://127.0.0.1:5000"]}}}\n'
  const rancher = `${onNode} services.k3s.enable = true; services.rke2 = { enable = true; role = "agent"; };`
  t.same(await inSystem({ given: rancher }, facts), {
    failed: [],
    etc: { 'rancher/k3s/registries.yaml': yaml, 'rancher/rke2/registries.yaml': yaml },
    units: { k3s: [yaml], 'rke2-agent': [yaml] },
    settings: {},
  })
  const containerd = `${onNode} virtualisation.containerd.enable = true;`
  const cni = { cni: { bin_dir: '/opt/cni/bin' } }
  const hosts =
    'server = "http://127.0.0.1:5000"\n[host."http://127.0.0.1:5000"]\n  capabilities = ["pull", "resolve"]\n'
  t.same(await inSystem({ given: containerd }, facts), {
    failed: [],
    etc: { 'containerd/certs.d/nix.internal/hosts.toml': hosts },
    units: {},
    settings: {
      version: 2,
      plugins: {
        'io.containerd.grpc.v1.cri': { ...cni, registry: { config_path: '/etc/containerd/certs.d' } },
      },
    },
  })
  const settings = `virtualisation.containerd.settings = {
    version = 3; plugins."io.containerd.cri.v1.images".registry.config_path = "/etc/containers/certs/"; };`
  t.same(
    await inSystem({ given: `${containerd} ${settings}` }, facts),
    {
      failed: [],
      etc: { 'containers/certs/nix.internal/hosts.toml': hosts },
      units: {},
      settings: {
        version: 3,
        plugins: {
          'io.containerd.grpc.v1.cri': cni,
          'io.containerd.cri.v1.images': { registry: { config_path: '/etc/containers/certs/' } },
        },
      },
    },
    'who has a directory of registries keeps it',
  )
})

void t.test('what a node has already is an assertion, and no broken file', { skip }, async (t) => {
  const containerd = `${onNode} virtualisation.containerd.enable = true; virtualisation.containerd`
  for (const [given, expected] of [
    [
      `${onNode} services.k3s.enable = true; environment.etc."rancher/k3s/registries.yaml".text = "mirrors: {}";`,
      /"rancher\/k3s\/registries\.yaml" is defined by configuration\.nix, too\. Set services\.pushless\.node\.k3s = false, and add to the list of registries that is there: \{"mirrors":\{"nix\.internal":/,
    ],
    [
      `${onNode} services.rke2.enable = true; environment.etc."rancher/rke2/registries.yaml".source = ./registries.yaml;`,
      /"rancher\/rke2\/registries\.yaml" is defined by configuration\.nix, too/,
    ],
    [
      `${onNode} services.k3s = { enable = true; extraFlags = "--private-registry /etc/mine.yaml"; };`,
      /services\.k3s\.extraFlags has --private-registry, so k3s doesn't read/,
    ],
    [
      `${onNode} services.rke2 = { enable = true; extraFlags = [ "--private-registry=/etc/mine.yaml" ]; };`,
      /services\.rke2\.extraFlags has --private-registry/,
    ],
    [`${containerd}.configFile = ./config.toml;`, /virtualisation\.containerd\.configFile is set/],
    [
      `${containerd}.settings.plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io".endpoint = [ "https://a" ];`,
      /plugins\."io\.containerd\.grpc\.v1\.cri"\.registry\.mirrors is set, and containerd takes either that or config_path/,
    ],
    [
      `${containerd}.settings.plugins."io.containerd.grpc.v1.cri".registry.config_path = "/srv/certs";`,
      /config_path of containerd's registries is "\/srv\/certs", expected one directory below \/etc/,
    ],
    [
      'services.pushless = { enable = true; settings.listen = "[::]:5000"; };',
      /settings\.listen is "\[::\]:5000", and the module sets it\. Set instead: services\.pushless\.listen/,
    ],
    [
      'services.pushless = { enable = true; settings.auth = "/a"; credentials.auth = "/b"; };',
      /settings\.auth is set beside services\.pushless\.credentials\.auth\. Set one/,
    ],
  ] as const) {
    const failed = await inSystem({ given }, 'failed')
    t.equal(Array.isArray(failed) ? failed.length : undefined, 1, given)
    t.match(String(failed), expected)
  }
  const elsewhere = `${onNode} services.k3s.enable = true;
    environment.etc = { "rancher/k3s/registries.yaml" = lib.mkIf false { text = ""; }; "other".text = ""; };`
  t.same(await inSystem({ given: elsewhere }, 'failed'), [], 'other files, and what is not to be')
})

void t.test('refused', { skip }, async (t) => {
  for (const [more, expected] of [
    ['settings.hodl = 1;', /services\.pushless\.settings\.hodl' does not exist/],
    ['settings.hold = "soon";', /services\.pushless\.settings\.hold' is not of type/],
    ['settings.hold = 1000;', /services\.pushless\.settings\.hold' is not of type/],
    ['settings.wait = "never";', /services\.pushless\.settings\.wait' is not of type/],
    [
      'settings.systems = [ "a b" ];',
      /services\.pushless\.settings\.systems\."\[definition 1-entry 1\]"' is not of type/,
    ],
    ['settings.builds = [ 1 ];', /services\.pushless\.settings\.builds' is not of type/],
    ['credentials.auth = "auth.yaml";', /services\.pushless\.credentials\.auth' is not of type/],
    ['credentials.auth = ./auth.yaml;', /services\.pushless\.credentials\.auth' is not of type/],
    ['credentials.hold = "/a";', /services\.pushless\.credentials\.hold' does not exist/],
    ['listen = "localhost";', /services\.pushless: listen is "localhost", expected an address and a port/],
    ['listen = "[::]:70000";', /services\.pushless: listen is "\[::\]:70000"/],
    ['node.docker = true;', /services\.pushless\.node\.docker' does not exist/],
  ] as const)
    t.match(
      (await systemRefusal({ given: `services.pushless = { enable = true; ${more} };` })) ?? 'no refusal',
      expected,
      more,
    )
})
