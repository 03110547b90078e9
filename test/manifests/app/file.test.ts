import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { evaluate, withoutNix } from '../../nix/nix-command.ts'
import { temporaryDirectory } from '../../support/scope.ts'
import { appRefusal, objectsOf, ofKind } from './app-command.ts'

void t.test('a JSON file says what `app` is told', { skip: withoutNix }, async (t) => {
  const file = join(await temporaryDirectory(t, 'app'), 'app.json')
  await writeFile(
    file,
    JSON.stringify({
      name: 'web',
      image: 'example.org/a:1',
      port: 8080,
      env: { A: 1 },
      extend: { Service: { spec: { type: 'NodePort' } } },
    }),
  )
  const [read, said] = await objectsOf([
    `appFile ${file}`,
    'app { name = "web"; image = "example.org/a:1"; port = 8080; env.A = 1; extend.Service.spec.type = "NodePort"; }',
  ])
  t.same(read, said)
  t.match(ofKind(read, 'Service'), { spec: { type: 'NodePort' } })
})

void t.test('several in one file share what stands beside them', { skip: withoutNix }, async (t) => {
  const [apps, list] = await objectsOf([
    'appFile { file = { namespace = "prod"; apps = { b.image = "x"; a = { image = "y"; namespace = "own"; }; }; }; }',
    'appFile { file = [ { name = "a"; image = "x"; } { apps.b.image = "y"; } ]; }',
  ])
  const named = (objects: typeof apps) =>
    objects?.map(({ kind, metadata }) => [
      kind,
      (metadata as { name: string }).name,
      (metadata as { namespace?: string }).namespace,
    ])
  t.same(named(apps), [
    ['ServiceAccount', 'a', 'own'],
    ['Deployment', 'a', 'own'],
    ['ServiceAccount', 'b', 'prod'],
    ['Deployment', 'b', 'prod'],
  ])
  t.same(
    named(list)?.map(([, name]) => name),
    ['a', 'a', 'b', 'b'],
  )
})

const imageOf = (file: string, more = '') =>
  `(builtins.elemAt (appFile { file = { name = "a"; ${file} }; ${more} }) 1).spec.template.spec.containers`

void t.test('packages by attribute, and by store path', { skip: withoutNix }, async (t) => {
  const values = await evaluate(`
    with { inherit (import ${new URL('../../../manifests', import.meta.url).pathname} { }) appFile; };
    let text = value: builtins.unsafeDiscardStringContext (builtins.head value).image;
    in map text [
      (${imageOf('package = hello;')})
      (${imageOf(`package = "/nix/store/${'0'.repeat(32)}-tool";`)})
      (${imageOf('package = "tools.hello";', 'packages.tools = { inherit hello; };')})
    ]`)
  t.ok(Array.isArray(values))
  const [derivation, path, attribute] = values as string[]
  t.match(derivation, /^nix\.internal\/nix\/store\/[0-9a-z]{32}-a:nix$/)
  t.match(path, /^nix\.internal\/nix\/store\/[0-9a-z]{32}-a:nix$/)
  t.equal(attribute, derivation)
})

const REVISION = '0123456789012345678901234567890123456789'
const refusals: Readonly<Record<string, readonly [file: string, message: RegExp]>> = {
  'a list of numbers': ['[ 1 ]', /^appFile: an application is 1, expected an attribute set/],
  'no applications': ['{ apps = { }; }', /^appFile: apps is an attribute set, expected .* isn't empty/],
  'an application that is text': ['{ apps.a = "b"; }', /^appFile: apps\.a is "b", expected an attribute set/],
  'a field beside apps': [
    '{ apps.a.image = "b"; port = 1; }',
    /^appFile: a name beside apps "port" unknown, there are: flake, namespace, unpinned, apps$/,
  ],
  'a field of one of several': [
    '{ apps = { a.image = "x"; b = { image = "y"; port = 0; }; }; }',
    /^app b: port is 0, expected a port from 1 to 65535/,
  ],
  'an attribute of nothing': [
    '{ name = "a"; package = "hello"; }',
    /^app a: package is "hello", expected a store path, "github:NixOS\/nixpkgs\/<revision>#hello", or `flake` beside it$/,
  ],
  'a flake that may change': [
    '{ name = "a"; package = "nixpkgs#hello"; }',
    /^app a: the flake of package is "nixpkgs", expected one with its revision, such as "github:.*", or `unpinned` to be true$/,
  ],
  'a branch': [
    '{ name = "a"; flake = "github:NixOS/nixpkgs/nixos-unstable"; package = "hello"; }',
    /^app a: flake is "github:NixOS\/nixpkgs\/nixos-unstable", expected one with its revision/,
  ],
  'a revision that is short': [
    `{ name = "a"; flake = "github:NixOS/nixpkgs/${REVISION.slice(1)}"; package = "hello"; }`,
    /^app a: flake is "github/,
  ],
  'two flakes': [
    `{ name = "a"; flake = "github:a/b/${REVISION}"; package = "c#d"; }`,
    /^app a: package "c#d" names a flake beside flake "github:a\/b\/\d+", expected one of them$/,
  ],
  'a flake that is a number': [
    '{ name = "a"; flake = 1; package = "b"; }',
    /^app a: flake is 1, expected the ref/,
  ],
  unpinned: [
    '{ name = "a"; flake = "b"; package = "c"; unpinned = "yes"; }',
    /^app a: unpinned is "yes", expected true or false$/,
  ],
  'a package that is a number': [
    '{ name = "a"; package = 1; }',
    /^app a: package is 1, expected "<flake>#<attr/,
  ],
}

void t.test('refused', { skip: withoutNix }, async (t) => {
  const rows = Object.entries(refusals)
  const messages = await Promise.all(
    rows.map(async ([, [file]]) => appRefusal(`appFile { file = ${file}; }`)),
  )
  for (const [at, [name, [, expected]]] of rows.entries())
    t.match(messages[at] ?? 'no refusal', expected, name)
})
