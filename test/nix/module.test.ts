import t from 'tap'
import { evaluate, refusal, root, withoutNix } from './nix-command.ts'

/** What nix/module.nix makes of settings of `services.pushless`, with a stub for nixpkgs. */
function configOf(given: string, systemd = '260.1'): string {
  return `
    let
      nixpkgs = import ${root}test/nix/stub-nixpkgs;
      config = nixpkgs.lib.evalModule {
        module = import ${root}nix/module.nix;
        pkgs = nixpkgs.legacyPackages.x86_64-linux;
        others.systemd.package.version = "${systemd}";
        given = { ${given} };
      };
      service = config.systemd.services.pushless;
    in
  `
}

void t.test('off unless enabled', { skip: withoutNix }, async (t) => {
  t.same(await evaluate(`${configOf('')} config`), {})
})

void t.test('the unit, by defaults', { skip: withoutNix }, async (t) => {
  t.match(await evaluate(`${configOf('enable = true;')} config`), {
    networking: { firewall: { allowedTCPPorts: [] } },
    systemd: {
      services: {
        pushless: {
          wantedBy: ['multi-user.target'],
          after: ['network.target', 'nix-daemon.socket'],
          environment: {
            PUSHLESS_LISTEN: '127.0.0.1:5000',
            PUSHLESS_STATE: '/var/lib/pushless',
            PUSHLESS_SERVE_PACKAGES: 'false',
          },
          serviceConfig: {
            ExecStart: /^"\/.*-pushless-[0-9.]+\/bin\/pushless" "serve"$/,
            DynamicUser: true,
            StateDirectory: 'pushless',
            ProtectSystem: 'strict',
            CapabilityBoundingSet: [''],
            // Sockets of the daemon, and of clients.
            RestrictAddressFamilies: ['AF_INET', 'AF_INET6', 'AF_UNIX'],
          },
        },
      },
    },
  })
  const keys = await evaluate(`${configOf('enable = true;')} builtins.attrNames service.serviceConfig`)
  t.notMatch(
    String(keys),
    /MemoryDenyWriteExecute|PrivateNetwork|ProtectSystem=full/,
    'Node compiles, and listens',
  )
})

void t.test('settings become environment variables', { skip: withoutNix }, async (t) => {
  const environment = await evaluate(
    `${configOf(`
    enable = true;
    listen = "[::]:5000";
    servePackages = true;
    settings = { hold = 25; log-level = "debug"; verify = true; };
  `)} service.environment`,
  )
  t.same(environment, {
    PUSHLESS_HOLD: '25',
    PUSHLESS_LISTEN: '[::]:5000',
    PUSHLESS_LOG_LEVEL: 'debug',
    PUSHLESS_SERVE_PACKAGES: 'true',
    PUSHLESS_STATE: '/var/lib/pushless',
    PUSHLESS_VERIFY: 'true',
  })
})

void t.test('the container runtime is for root alone', { skip: withoutNix }, async (t) => {
  const config = 'enable = true; settings.zero-copy = true;'
  t.match(await evaluate(`${configOf(config)} service.serviceConfig`), {
    DynamicUser: false,
    PrivateUsers: false,
    CapabilityBoundingSet: [''],
    ReadWritePaths: ['-/run/nri'],
  })
})

void t.test('further words, the firewall, and a port that needs leave', { skip: withoutNix }, async (t) => {
  const config = `
    enable = true;
    listen = "0.0.0.0:443";
    openFirewall = true;
    extraFlags = [ "--verify" "--hold=1 2" ];
  `
  t.match(
    await evaluate(`${configOf(config)} {
      inherit (config.networking.firewall) allowedTCPPorts;
      inherit (service.serviceConfig) ExecStart AmbientCapabilities CapabilityBoundingSet;
    }`),
    {
      allowedTCPPorts: [443],
      ExecStart: /"serve" "--verify" "--hold=1 2"$/,
      AmbientCapabilities: ['CAP_NET_BIND_SERVICE'],
      CapabilityBoundingSet: ['CAP_NET_BIND_SERVICE'],
    },
  )
})

void t.test('files are credentials', { skip: withoutNix }, async (t) => {
  const given = `
    enable = true;
    credentials = { auth = "/run/secrets/auth 100%.yaml"; signing-key = "/run/secrets/key"; };
    settings = { tls-cert = "/var/lib/acme/a/fullchain.pem"; tls-key = "/var/lib/acme/a/key.pem"; };
    groups = [ "acme" ];
  `
  const facts = 'inherit (service) environment; service = service.serviceConfig;'
  t.match(await evaluate(`${configOf(given)} { ${facts} }`), {
    environment: {
      PUSHLESS_AUTH: '%d/auth',
      PUSHLESS_SIGNING_KEY: '%d/signing-key',
      // The service reads them itself, and sees that they change.
      PUSHLESS_TLS_CERT: '/var/lib/acme/a/fullchain.pem',
      PUSHLESS_TLS_KEY: '/var/lib/acme/a/key.pem',
    },
    service: {
      LoadCredential: ['auth:/run/secrets/auth 100%%.yaml', 'signing-key:/run/secrets/key'],
      RefreshOnReload: 'credentials',
      SupplementaryGroups: ['acme'],
    },
  })
  t.equal(await evaluate(`${configOf(given, '259.3')} service.serviceConfig ? RefreshOnReload`), false)
})

void t.test('refused', { skip: withoutNix }, async (t) => {
  const cases: Record<string, readonly [given: string, message: RegExp]> = {
    'an address without port': [
      'enable = true; openFirewall = true; listen = "localhost";',
      /services\.pushless: listen is "localhost", expected an address and a port/,
    ],
    'flags in one string': ['enable = true; extraFlags = "--verify";', /extraFlags/],
    'a setting that is a list': ['enable = true; settings.hold = [ 1 ];', /hold/],
    'a setting out of its range': ['enable = true; settings.hold = 1000;', /hold/],
    'a setting that there is not': ['enable = true; settings.hodl = 1;', /unknown == \[/],
    'a file without its directory': ['enable = true; credentials.auth = "auth.yaml";', /auth/],
    'a credential that is no file': ['enable = true; credentials.hold = "/a";', /unknown == \[/],
    'an option that there is not': ['enable = true; port = 5000;', /unknown == \[/],
  }
  for (const [name, [given, expected]] of Object.entries(cases))
    t.match((await refusal(`${configOf(given)} config`)) ?? 'no refusal', expected, name)
})
