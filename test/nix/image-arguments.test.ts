// What the arguments of `image` beyond the first ones become in its file, which src/source/pushless-image.ts reads.
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { build, evaluate, evaluateAll, outcomes, query, root, withoutNix } from './nix-command.ts'

const hello = (await evaluateIf('"${hello}"')) as string
const tree = `${root}test/nix/stub-nixpkgs`

/** The values of images' files. */
async function filesOf(images: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const values = await evaluateAll(
    images.map((image) => `builtins.fromJSON (builtins.unsafeDiscardStringContext (${image}).json)`),
  )
  return values as Record<string, unknown>[]
}

async function evaluateIf(expression: string): Promise<unknown> {
  return withoutNix === false ? evaluate(expression) : ''
}

const LEAST = {
  architecture: 'amd64',
  config: {},
  contents: [],
  files: {},
  links: {},
  maxLayers: 60,
  name: 'some',
  os: 'linux',
  planner: 2,
  pushless: 1,
}

void t.test('each argument, in the file', { skip: withoutNix }, async (t) => {
  const rows: Record<string, readonly [args: string, more: object]> = {
    'an owner of a file': [
      'files."/x" = { text = "x"; uid = 1000; gid = 100; };',
      { files: { '/x': { text: 'x', mode: '0444', uid: 1000, gid: 100 } } },
    ],
    'root said': [
      'files."/x" = { text = "x"; uid = 0; gid = 0; };',
      { files: { '/x': { text: 'x', mode: '0444' } } },
    ],
    'root by name': [
      'files."/x" = { text = "x"; uid = "root"; };',
      { files: { '/x': { text: 'x', mode: '0444' } } },
    ],
    'nobody by name': [
      'files."/x" = { source = hello; uid = "nobody"; };',
      { files: { '/x': { source: hello, uid: 65534, gid: 65534 } } },
    ],
    directories: [
      'directories = { "/data" = { mode = "0700"; uid = 1000; gid = 1000; }; "/empty" = { }; };',
      { directories: { '/data': { mode: '0700', uid: 1000, gid: 1000 }, '/empty': { mode: '0755' } } },
    ],
    'a directory above a file': [
      'directories."/data" = { }; files."/data/x" = "";',
      { directories: { '/data': { mode: '0755' } }, files: { '/data/x': { text: '', mode: '0444' } } },
    ],
    'trees to copy': [
      'extraDirectories = [ hello { source = "${hello}/share"; to = "/srv"; fileMode = "0640"; directoryMode = "0750"; uid = 5; } ];',
      {
        extraDirectories: [
          { source: hello, to: '/', directoryMode: '0755' },
          { source: `${hello}/share`, to: '/srv', fileMode: '0640', directoryMode: '0750', uid: 5 },
        ],
      },
    ],
    layers: ['layers = [ [ hello ] ];', { layers: [[hello]] }],
    'a base': ['fromImage = hello; fromImageTag = "a:1";', { fromImage: hello, fromImageTag: 'a:1' }],
    'nothing inherited to run': [
      'fromImage = hello; entrypoint = [ ]; config.Cmd = [ ];',
      { fromImage: hello, config: { Entrypoint: [], Cmd: [] } },
    ],
    'no clearing without a base': ['entrypoint = [ ]; config.Cmd = [ ];', {}],
    'a Nix database': ['nixDatabase = true;', { nixDatabase: true }],
    'no Nix database': ['nixDatabase = false;', {}],
    'when and by whom': [
      'created = "2026-01-31T12:00:00Z"; author = "somebody";',
      { created: '2026-01-31T12:00:00Z', author: 'somebody' },
    ],
    'nothing, in every way': [
      'directories = { }; extraDirectories = [ ]; users = { }; groups = { }; fromImage = null; layers = [ ]; platforms = null;',
      {},
    ],
  }
  const found = await filesOf(Object.values(rows).map(([args]) => `some { ${args} }`))
  for (const [at, [name, [, more]]] of Object.entries(rows).entries())
    t.strictSame(found[at], { ...LEAST, ...more }, name)
})

void t.test('users', { skip: withoutNix }, async (t) => {
  const [value, groupsAlone, own, noHome] = await filesOf([
    `some {
      users.app = { uid = 1000; groups = [ "wheel" "staff" ]; description = "An app"; };
      users.web = { uid = 33; gid = 50; home = "/srv/web"; shell = "/bin/false"; groups = [ "wheel" ]; };
      users.root.shell = "/bin/bash";
      groups = { wheel.gid = 10; staff.gid = 50; };
      user = "app:staff";
      directories."/data".uid = "web";
      files."/data/x" = { text = ""; uid = "app"; gid = "wheel"; };
    }`,
    'some { groups.staff.gid = 50; }',
    'some { users.app.uid = 1000; directories."/home/app".mode = "0755"; }',
    'some { users = { a = { uid = 1; home = "/var/empty"; }; b = { uid = 2; createHome = false; }; }; }',
  ])
  const files = value?.['files'] as Record<string, { readonly text: string; readonly mode: string }>
  t.equal(
    files['/etc/passwd']?.text,
    'root:x:0:0:root:/root:/bin/bash\nweb:x:33:50::/srv/web:/bin/false\n' +
      'app:x:1000:1000:An app:/home/app:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  )
  t.equal(
    files['/etc/group']?.text,
    'root:x:0:\nwheel:x:10:web,app\nstaff:x:50:app\napp:x:1000:\nnobody:x:65534:\n',
  )
  t.strictSame(files['/etc/shadow'], {
    text: 'root:!:1::::::\nweb:!:1::::::\napp:!:1::::::\nnobody:!:1::::::\n',
    mode: '0400',
  })
  t.match(files['/data/x'], { uid: 1000, gid: 10 })
  t.strictSame(value?.['directories'], {
    '/data': { mode: '0755', uid: 33, gid: 50 },
    '/home/app': { mode: '0700', uid: 1000, gid: 1000 },
    '/root': { mode: '0700' },
    '/srv/web': { mode: '0700', uid: 33, gid: 50 },
  })
  t.strictSame(value?.['config'], { User: 'app:staff' })
  t.match(groupsAlone?.['files'], { '/etc/group': { text: 'root:x:0:\nstaff:x:50:\nnobody:x:65534:\n' } })
  t.strictSame(own?.['directories'], { '/home/app': { mode: '0755' } }, 'a home that is said otherwise')
  t.notOk(noHome?.['directories'])
})

void t.test(
  'the registry’s own users are those of an image that names one',
  { skip: withoutNix },
  async (t) => {
    const [value] = await filesOf(['some { groups.staff.gid = 50; }'])
    const files = value?.['files'] as Record<string, { readonly text: string }>
    const source = await readFile(`${root}src/source/root-layer.ts`, 'utf8')
    for (const line of files['/etc/passwd']?.text.trim().split('\n') ?? []) t.ok(source.includes(line), line)
  },
)

const imageFor = (system: string) => `image { name = "a"; system = "${system}"; }`
const checked = (fields: string) => `some { config.Healthcheck = { Test = [ "CMD" "true" ]; ${fields} }; }`

void t.test('a platform without a variant has that of its image', { skip: withoutNix }, async (t) => {
  const found = await evaluateAll(
    [
      `(image { name = "a"; system = "x86_64-linux"; platforms."linux/arm" = ${imageFor('armv7l-linux')}; }).platforms`,
      `(image { name = "a"; system = "x86_64-linux"; platforms."linux/arm" = ${imageFor('armv6l-linux')}; }).platforms`,
      `(image { name = "a"; system = "x86_64-linux"; platforms."linux/arm" = hello; }).platforms`,
    ].map((platforms) => `map (item: item.platform) ${platforms}`),
  )
  t.same(found, [
    [{ os: 'linux', architecture: 'arm', variant: 'v7' }],
    [{ os: 'linux', architecture: 'arm', variant: 'v6' }],
    [{ os: 'linux', architecture: 'arm' }],
  ])
})

void t.test(
  'durations of a health check below a millisecond are questioned',
  { skip: withoutNix },
  async (t) => {
    const found = await outcomes([checked('Interval = 30;'), checked('Interval = 30000000000; Timeout = 0;')])
    t.match(found, [
      {
        refusal: undefined,
        traces: [
          'warning: image: config.Healthcheck.Interval is 30 nanoseconds, and Docker takes a millisecond at least: 30 seconds are 30000000000',
        ],
      },
      { refusal: undefined, traces: [] },
    ])
  },
)

void t.test('platforms', { skip: withoutNix }, async (t) => {
  const several = `image {
    name = "several";
    system = "x86_64-linux";
    platforms = {
      "linux/amd64" = some { };
      "linux/arm64" = { image = some { architecture = "arm64"; }; mode = "drv"; };
      "linux/arm/v7" = "\${hello}";
    };
  }`
  const [path, arm, amd] = await evaluateAll([
    `builtins.unsafeDiscardStringContext (${several}).outPath`,
    'builtins.unsafeDiscardStringContext (some { architecture = "arm64"; }).drvPath',
    'builtins.unsafeDiscardStringContext (some { }).outPath',
  ])
  const [value] = await filesOf([several])
  t.strictSame(value, {
    pushless: 1,
    name: 'several',
    platforms: [
      { platform: { os: 'linux', architecture: 'amd64' }, image: amd },
      { platform: { os: 'linux', architecture: 'arm', variant: 'v7' }, image: hello },
      { platform: { os: 'linux', architecture: 'arm64' }, derivation: arm, output: 'out' },
    ],
  })
  t.equal(await build(several), path)
  t.same(
    (await query('--references', String(path))).sort(),
    [String(amd), String(arm), hello].sort(),
    'images to be there, and the derivation of the one to be built',
  )
})

void t.test('every new argument brings its references along', { skip: withoutNix }, async (t) => {
  for (const [name, args] of Object.entries({
    extraDirectories: 'extraDirectories = [ hello ];',
    layers: 'layers = [ [ hello ] ];',
    fromImage: 'fromImage = hello;',
  }))
    t.same(await query('--references', await build(`some { ${args} }`)), [hello], name)
  t.match(await query('--references', await build(`some { extraDirectories = [ ${tree} ]; }`)), [
    /-stub-nixpkgs$/,
  ])
})

void t.test('a base for several platforms is named as a whole', { skip: withoutNix }, async (t) => {
  const base =
    'image { name = "base"; system = "x86_64-linux"; platforms = { "linux/amd64" = hello; "linux/arm/v7" = hello; }; }'
  const path = await evaluate(`"\${${base}}"`)
  for (const platform of ['architecture = "amd64";', 'system = "armv7l-linux";', 'architecture = "arm";'])
    t.match((await filesOf([`some { fromImage = ${base}; ${platform} }`]))[0], { fromImage: path }, platform)
})

void t.test(
  'the platform of a base is the image’s where nothing else says',
  { skip: withoutNix },
  async (t) => {
    const found = await evaluateAll([
      '(image { name = "a"; fromImage = image { name = "b"; system = "aarch64-linux"; }; }).architecture',
      '(image { name = "a"; architecture = "amd64"; fromImage = hello; system = "s390x-linux"; }).architecture',
    ])
    t.same(found, ['arm64', 'amd64'])
  },
)
