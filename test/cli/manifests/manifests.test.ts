/** `pushless manifests` as it is run, with real Nix. */
import { lstat, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { execa } from 'execa'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { buildFile, query, root, withoutNix } from '../../nix/nix-command.ts'
import { nixEnv } from '../../support/nix.ts'
import { temporaryDirectory, type Scope } from '../../support/scope.ts'

const LIMIT_MS = 120_000

/** Runs in a directory with these files in it. */
async function manifests(
  scope: Scope,
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  { input = '', env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
) {
  const directory = await temporaryDirectory(scope, 'apps')
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  const node = ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`]
  const { stdout, stderr, exitCode } = await execa(execPath, [...node, 'manifests', ...args], {
    cwd: directory,
    reject: false,
    input,
    timeout: LIMIT_MS,
    env: { ...nixEnv, ...env },
  })
  return { directory, stdout, stderr, exitCode }
}

const greeter = () => buildFile('examples/greeter', 'hello')

void t.test('makes a List, and links it', { skip: withoutNix }, async (t) => {
  const hello = await greeter()
  const files = { 'app.yaml': `name: hello\npackage: ${hello}\nport: 8080\n` }
  const { directory, stdout, stderr, exitCode } = await manifests(t, files, ['app.yaml'])
  t.equal(exitCode, 0, stderr)
  const path = await readlink(join(directory, 'result'))
  t.same(stdout.split('\n'), [
    'ServiceAccount/hello',
    'Deployment/hello',
    'Service/hello',
    `result -> ${path}`,
  ])
  const list: unknown = JSON.parse(await readFile(join(directory, 'result'), 'utf8'))
  t.match(list, {
    kind: 'List',
    items: [{ kind: 'ServiceAccount' }, { kind: 'Deployment' }, { kind: 'Service' }],
  })
  const needed = await query('--requisites', path)
  t.ok(needed.includes(hello), 'what is copied with the manifests is the program, too')
  t.ok(
    needed.some((each) => each.endsWith('-hello') && each !== hello),
    'and its image',
  )
})

void t.test('prints YAML, and leaves no link', { skip: withoutNix }, async (t) => {
  const files = {
    'a.yaml': 'name: a\nimage: example.org/a:1\n---\nname: b\nimage: example.org/b:1\n',
    'c.json': '{"apps": {"c": {"image": "example.org/c:1"}}}',
  }
  const { directory, stdout, stderr, exitCode } = await manifests(t, files, ['a.yaml', 'c.json', '--print'])
  t.equal(exitCode, 0, stderr)
  const objects = parseAllDocuments(stdout).map((document): unknown => document.toJS())
  t.match(
    objects.filter((_, i) => i % 2 === 1),
    ['a', 'b', 'c'].map((name) => ({ kind: 'Deployment', metadata: { name } })),
  )
  await t.rejects(lstat(join(directory, 'result')), { code: 'ENOENT' })
})

void t.test(
  'reads standard input, names another registry, links where it is told',
  { skip: withoutNix },
  async (t) => {
    const input = `name: hello\npackage: ${await greeter()}\n`
    const args = ['-', '-o', 'made', '--print', '--registry', 'registry.example.org:5000', '--quiet']
    const { directory, stdout, stderr } = await manifests(t, {}, args, { input })
    t.match(stdout, /image: registry\.example\.org:5000\/nix\/store\/[0-9a-z]{32}-hello:nix\n/)
    t.equal(stderr, '')
    t.match(await readlink(join(directory, 'made')), /-manifests\.json$/)
  },
)

void t.test('takes packages from a pinned flake', { skip: withoutNix }, async (t) => {
  const flake = await temporaryDirectory(t, 'flake')
  await writeFile(
    join(flake, 'flake.nix'),
    `{ outputs = _: { packages.\${builtins.currentSystem}.hello = derivation {
      name = "hello"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo hello > $out" ]; }; }; }`,
  )
  const git = async (...args: readonly string[]) =>
    execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-C', flake, ...args])
  await git('init', '--quiet')
  await git('add', '.')
  await git('commit', '--quiet', '--message', 'flake')
  const { stdout: revision } = await git('rev-parse', 'HEAD')
  const reference = `git+file://${flake}`

  // Where flakes keep what they fetched.
  const env = { XDG_CACHE_HOME: await temporaryDirectory(t, 'cache'), HOME: flake }
  const files = {
    'pinned.yaml': `name: hello\nflake: ${reference}?rev=${revision}\npackage: hello\n`,
    'short.yaml': `name: hello\npackage: ${reference}?rev=${revision}#hello\n`,
    'unpinned.yaml': `name: hello\nflake: ${reference}\npackage: hello\n`,
    'allowed.yaml': `name: hello\nflake: ${reference}\nunpinned: true\npackage: hello\n`,
    'missing.yaml': `name: hello\nflake: ${reference}?rev=${revision}\npackage: hell\n`,
  }
  const run = async (file: string) => manifests(t, files, [file, '--print', '--quiet'], { env })
  const pinned = await run('pinned.yaml')
  t.match(pinned.stdout, /image: nix\.internal\/nix\/store\/.*-hello:nix/, pinned.stderr)
  t.equal((await run('short.yaml')).stdout, pinned.stdout)
  t.equal((await run('allowed.yaml')).stdout, pinned.stdout)
  const unpinned = await run('unpinned.yaml')
  t.match(
    unpinned.stderr,
    /^pushless: unpinned\.yaml:2:1: app hello: flake is "git\+file:.*expected one with its revision, .*$/,
  )
  t.match(
    (await run('missing.yaml')).stderr,
    /^pushless: missing\.yaml:3:1: app hello: package is "hell", expected a package of git\+file/,
  )
})

void t.test('mistakes of a file are found before Nix runs', async (t) => {
  const files = { 'app.yaml': 'name: a\nimage: b\nprot: 80\nreplicas: many\n' }
  const { stderr, exitCode } = await manifests(t, files, ['app.yaml'], { env: { PATH: '/nowhere' } })
  t.equal(exitCode, 2)
  t.same(stderr.split('\n'), [
    'pushless: app.yaml:3:1: prot is unknown, did you mean port?',
    'app.yaml:4:1: replicas is "many", expected a number of Pods',
  ])
  const missing = await manifests(t, {}, ['app.yaml'])
  t.match(missing, {
    exitCode: 2,
    stderr: /^pushless: app\.yaml: no such file or directory; check its spelling$/,
  })
})

void t.test('refusals of Nix are one line with the field’s place', { skip: withoutNix }, async (t) => {
  const nowhere = `/nix/store/${'0'.repeat(32)}-tool`
  for (const [text, expected] of [
    ['name: web\nimage: a\nhealth: /', 'app.yaml:3:1: app web: health is "/" and there is no port, expected'],
    ['name: web\nreplicas: 1', 'app.yaml:1:1: app web: image and package are missing, expected one of them'],
    [
      'apps:\n  a: {image: x}\n  b:\n    image: y\n    host: h\n',
      'app.yaml:5:5: app b: host is given and there is no port',
    ],
    [
      'name: web\nimage: a\nextend:\n  Service: {}',
      'app.yaml:3:1: app web: a kind in extend is "Service", expected one of those made: ',
    ],
    ['name: a\nimage: a\n---\nname: a\nimage: b', 'app.yaml: list: "apps/v1 Deployment /a" is there twice'],
    [`name: a\npackage: ${nowhere}`, `app.yaml: path '${nowhere}' `],
  ] as const) {
    const { stderr, exitCode } = await manifests(t, { 'app.yaml': text }, ['app.yaml', '--quiet'])
    t.equal(exitCode, 1, text)
    t.equal(stderr.slice(0, `pushless: ${expected}`.length), `pushless: ${expected}`, text)
    t.equal(stderr.split('\n').length, 1, `${text}: in one line`)
  }
})

void t.test('without Nix it says so; with too little time, too', { skip: withoutNix }, async (t) => {
  const files = { 'app.yaml': 'name: a\nimage: b\n' }
  t.match(await manifests(t, files, ['app.yaml'], { env: { PATH: '/nowhere' } }), {
    exitCode: 1,
    stderr: /^pushless: app\.yaml: nix-build is not in PATH \(.+\): install Nix 2\.8 or later \(/,
  })
  t.match(await manifests(t, files, ['app.yaml', '--timeout', '0.001']), {
    exitCode: 1,
    stderr: 'pushless: app.yaml: Nix took longer than 0.001 s (--timeout)',
  })
  t.match(await manifests(t, files, ['app.yaml', '--timeout', 'soon']), {
    exitCode: 2,
    stderr: /--timeout soon: expected a number of seconds/,
  })
})

void t.test('help says what a file looks like, and which flags there are', async (t) => {
  const help = await manifests(t, {}, ['--help'])
  t.match(help, { exitCode: 0, stdout: /flake: github:NixOS\/nixpkgs\/<revision>/ })
  const apps = await manifests(t, {}, ['apps', '--help'])
  for (const flag of ['--output', '--print', '--registry', '--mode', '--timeout', '--quiet'])
    t.ok(apps.stdout.includes(flag), flag)
})

void t.test('the todo application is joined from two files', { skip: withoutNix }, async (t) => {
  const list: unknown = JSON.parse(await readFile(await buildFile('examples/todo-app'), 'utf8'))
  t.match(list, {
    items: [
      { kind: 'ServiceAccount', metadata: { name: 'todo-database' } },
      { kind: 'StatefulSet', metadata: { name: 'todo-database' } },
      { kind: 'Service', metadata: { name: 'todo-database' } },
      { kind: 'ServiceAccount', metadata: { name: 'todo-web' } },
      { kind: 'Deployment', metadata: { name: 'todo-web' } },
      { kind: 'Service', metadata: { name: 'todo-web' } },
      { kind: 'Ingress', metadata: { name: 'todo-web' } },
      { kind: 'PodDisruptionBudget', metadata: { name: 'todo-web' } },
    ],
  })
})
