import { readFile } from 'node:fs/promises'
import t from 'tap'
import { build, evaluate, evaluateAll, query, root, withoutNix } from './nix-command.ts'

void t.test('the file of an image, byte for byte', { skip: withoutNix }, async (t) => {
  const image = `some {
    name = "whole";
    contents = [ hello ];
    config = {
      Env = [ "FIRST=1" ];
      ExposedPorts."9000/sctp" = { };
      Labels.given = "yes";
      Volumes."/data" = { };
      Healthcheck = { Test = [ "CMD" "true" ]; Interval = 3000000000; Retries = 3; };
    };
    entrypoint = [ "\${hello}/bin/hello" "-v" ];
    cmd = [ "--all" ];
    env = { TEXT = "a=b c"; COUNT = 3; RATIO = 1.5; YES = true; NO = false; AT = hello; };
    user = 1000;
    workingDir = "/srv";
    ports = [ 8080 "53/udp" "443" ];
    labels = { "org.example/a" = "b"; };
    stopSignal = "SIGINT";
    volumes = [ "/cache" ];
    files = {
      "/etc/plain" = "one\\ntwo\\n";
      "/etc/with-mode" = { text = ""; mode = "0600"; };
      "/run/tool" = { source = "\${hello}/bin/hello"; mode = "0555"; };
      "/run/kept" = { source = hello; };
    };
    links = { "/bin/sh" = "\${hello}/bin/sh"; "/bin/bash" = "sh"; "/opt/hello" = hello; };
    maxLayers = 7;
    architecture = "arm64";
  }`
  const [path, hello] = await Promise.all([build(image), build('hello')])
  const golden =
    '{"architecture":"arm64","config":{"Cmd":["--all"],"Entrypoint":["<hello>/bin/hello","-v"],' +
    '"Env":["FIRST=1","AT=<hello>","COUNT=3","NO=false","RATIO=1.5","TEXT=a=b c","YES=true"],' +
    '"ExposedPorts":{"443/tcp":{},"53/udp":{},"8080/tcp":{},"9000/sctp":{}},' +
    '"Healthcheck":{"Interval":3000000000,"Retries":3,"Test":["CMD","true"]},' +
    '"Labels":{"given":"yes","org.example/a":"b"},"StopSignal":"SIGINT","User":"1000",' +
    '"Volumes":{"/cache":{},"/data":{}},"WorkingDir":"/srv"},"contents":["<hello>"],' +
    '"files":{"/etc/plain":{"mode":"0444","text":"one\\ntwo\\n"},"/etc/with-mode":{"mode":"0600","text":""},' +
    '"/run/kept":{"source":"<hello>"},"/run/tool":{"mode":"0555","source":"<hello>/bin/hello"}},' +
    '"links":{"/bin/bash":"sh","/bin/sh":"<hello>/bin/sh","/opt/hello":"<hello>"},' +
    '"maxLayers":7,"name":"whole","os":"linux","planner":2,"pushless":1}\n'
  t.equal(await readFile(path, 'utf8'), golden.replaceAll('<hello>', hello))
  t.match(path, /\/[0-9a-z]{32}-whole$/)
  t.same(await query('--references', path), [hello], 'its references are its content')
})

void t.test('the file of the least image', { skip: withoutNix }, async (t) => {
  const [ofToday, ofBefore] = await Promise.all(['some { }', 'some { planner = 1; }'].map(build))
  const start = '{"architecture":"amd64","config":{},"contents":[],"files":{},"links":{},"maxLayers":60,'
  t.equal(
    await readFile(ofToday ?? '', 'utf8'),
    `${start}"name":"some","os":"linux","planner":2,"pushless":1}\n`,
  )
  t.equal(
    await readFile(ofBefore ?? '', 'utf8'),
    `${start}"name":"some","os":"linux","pushless":1}\n`,
    'with planner 1 it is the file from before there was another one',
  )
})

void t.test('the same thing said in either spelling is the same image', { skip: withoutNix }, async (t) => {
  const pairs: Record<string, readonly [string, string]> = {
    entrypoint: ['entrypoint = [ "/a" ];', 'config.Entrypoint = [ "/a" ];'],
    cmd: ['cmd = [ "a" ];', 'config.Cmd = [ "a" ];'],
    env: ['env.A = 1;', 'config.Env = [ "A=1" ];'],
    user: ['user = 0;', 'config.User = "0";'],
    'user and group': ['user = "a:b";', 'config.User = "a:b";'],
    workingDir: ['workingDir = "/";', 'config.WorkingDir = "/";'],
    ports: ['ports = [ 80 ];', 'config.ExposedPorts."80/tcp" = { };'],
    'port without protocol': ['ports = [ 80 ];', 'config.ExposedPorts."80" = { };'],
    labels: ['labels.a = "b";', 'config.Labels.a = "b";'],
    volumes: ['volumes = [ "/v" ];', 'config.Volumes."/v" = { };'],
    stopSignal: ['stopSignal = 9;', 'config.StopSignal = "9";'],
    'file as text': ['files."/x" = "y";', 'files."/x" = { text = "y"; mode = "0444"; };'],
    'nothing, in every way': [
      'env = { }; ports = [ ]; labels = { }; volumes = [ ]; user = null; cmd = null; entrypoint = [ ];',
      '',
    ],
    'a default': ['maxLayers = 60;', ''],
    planner: ['planner = 2;', ''],
  }
  const found = await evaluateAll(
    Object.values(pairs).map(([one, other]) => `[ (some { ${one} }).drvPath (some { ${other} }).drvPath ]`),
  )
  for (const [at, name] of Object.keys(pairs).entries()) {
    t.match(found[at], [/-some\.drv$/, /-some\.drv$/], name)
    t.equal(new Set([found[at]].flat()).size, 1, name)
  }
})

void t.test('what decides the bytes decides the identity', { skip: withoutNix }, async (t) => {
  const variants = [
    '',
    'maxLayers = 61;',
    'planner = 1;',
    'architecture = "arm64";',
    'files."/x" = "";',
    'env.A = 1;',
    'name = "else";',
  ]
  const paths = await evaluateAll(variants.map((args) => `(some { ${args} }).drvPath`))
  t.equal(new Set(paths).size, variants.length)
})

void t.test('platforms', { skip: withoutNix }, async (t) => {
  const platforms: Record<string, readonly [args: string, platform: Record<string, string>]> = {
    x86_64: ['system = "x86_64-linux";', { architecture: 'amd64' }],
    aarch64: ['system = "aarch64-linux";', { architecture: 'arm64' }],
    armv7l: ['system = "armv7l-linux";', { architecture: 'arm', variant: 'v7' }],
    i686: ['system = "i686-linux";', { architecture: '386' }],
    riscv64: ['system = "riscv64-linux";', { architecture: 'riscv64' }],
    powerpc64le: ['system = "powerpc64le-linux";', { architecture: 'ppc64le' }],
    s390x: ['system = "s390x-linux";', { architecture: 's390x' }],
    'of the first derivation that says': [
      'system = null; contents = [ "${hello}" (elsewhere { }) hello ];',
      { architecture: 'riscv64' },
    ],
    'of what contents are compiled for': [
      'system = null; contents = [ (elsewhere { stdenv.hostPlatform.system = "aarch64-linux"; }) ];',
      { architecture: 'arm64' },
    ],
    'system wins over contents': ['contents = [ (elsewhere { }) ];', { architecture: 'amd64' }],
    'architecture wins over system': ['architecture = "s390x";', { architecture: 's390x' }],
    'architecture on a system that has none': [
      'system = "aarch64-darwin"; architecture = "arm64";',
      { architecture: 'arm64' },
    ],
    'a variant belongs to its system': ['architecture = "arm";', { architecture: 'arm' }],
    'the variant of its own system': [
      'system = "armv7l-linux"; architecture = "arm";',
      { architecture: 'arm', variant: 'v7' },
    ],
  }
  const found = await evaluateAll(
    Object.values(platforms).map(
      ([args]) => `
        let
          elsewhere = more: derivation { name = "elsewhere"; system = "riscv64-linux"; builder = "/bin/sh"; } // more;
          value = builtins.fromJSON (builtins.unsafeDiscardStringContext (some { ${args} }).json);
        in { inherit (value) architecture; } // (if value ? variant then { inherit (value) variant; } else { })`,
    ),
  )
  for (const [at, [name, [, expected]]] of Object.entries(platforms).entries())
    t.same(found[at], expected, name)
})

void t.test(
  'who builds the file: the system of the image, unless contents are cross-compiled',
  { skip: withoutNix },
  async (t) => {
    const systems = await evaluate(`
    let cross = derivation { name = "cross"; system = "x86_64-linux"; builder = "/bin/sh"; }
      // { stdenv.hostPlatform.system = "aarch64-linux"; };
    in map (image: image.system) [
      (some { system = null; contents = [ cross ]; })
      (some { system = "s390x-linux"; contents = [ cross ]; })
    ]`)
    t.same(systems, ['x86_64-linux', 's390x-linux'])
  },
)

void t.test(
  'a store path without string context becomes an input all the same',
  { skip: withoutNix },
  async (t) => {
    const hello = await build('hello')
    const bare = `(builtins.unsafeDiscardStringContext "\${hello}")`
    for (const [name, args] of Object.entries({
      contents: `contents = [ ${bare} ];`,
      'a source': `files."/x".source = ${bare} + "/x";`,
      'a link': `links."/x" = ${bare} + "/x";`,
      'a variable': `env.A = ${bare};`,
    }))
      t.same(await query('--references', await build(`some { ${args} }`)), [hello], name)
  },
)

void t.test('text and paths bring their references along', { skip: withoutNix }, async (t) => {
  const image = `some {
    files."/etc/motd" = "see \${hello}";
    contents = [ ${root}test/nix/stub-nixpkgs ];
  }`
  const references = await query('--references', await build(image))
  t.match(references.join('\n'), /-hello$/m)
  t.match(references.join('\n'), /-stub-nixpkgs$/m)
})

void t.test('attributes of an image', { skip: withoutNix }, async (t) => {
  const attributes = 'inherit (it) type name imageRef imageName imageTag architecture os maxLayers config;'
  const [path, rest] = await evaluateAll(
    ['it.outPath', `{ ${attributes} }`],
    'let it = some { user = 1; }; in',
  )
  const base = String(path).split('/').at(-1)
  t.same(rest, {
    type: 'derivation',
    name: 'some',
    imageRef: `nix.internal/nix/store/${base}:nix`,
    imageName: `nix.internal/nix/store/${base}`,
    imageTag: 'nix',
    architecture: 'amd64',
    os: 'linux',
    maxLayers: 60,
    config: { User: '1' },
  })
})

void t.test('an image may have a thousand files', { skip: withoutNix }, async (t) => {
  const path = await build(`some {
    files = builtins.listToAttrs (builtins.genList (n: { name = "/etc/d/f\${toString n}"; value = "x"; }) 1000);
  }`)
  t.equal((await readFile(path, 'utf8')).match(/"text":"x"/g)?.length, 1000)
})
