import { readFile } from 'node:fs/promises'
import t from 'tap'
import { build, evaluateAll, query, refusal, root, withoutNix } from '../../nix/nix-command.ts'

const onePod = 'pod { name = "a"; containers.b.image = some { }; }'

void t.test('one file, which depends on the images', { skip: withoutNix }, async (t) => {
  const [reference, derivation, image, pod] = await evaluateAll([
    '(some { }).imageRef',
    '(some { }).drvPath',
    'some { }',
    onePod,
  ])
  const annotations = { 'nix.internal/b.derivation': derivation, 'nix.internal/b.store-path': image }
  const path = await build(
    `list "all" [ (${onePod}) { apiVersion = "v1"; kind = "Namespace"; metadata.name = "n"; } ]`,
  )
  t.match(path, /-all\.json$/)
  const text = await readFile(path, 'utf8')
  t.match(text, String(reference))
  t.same(JSON.parse(text), {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { ...Object(pod), metadata: { name: 'a', annotations } },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
    ],
  })
  t.same(await query('--references', path), [await build('some { }')])
})

void t.test('objects are told apart as Kubernetes does', { skip: withoutNix }, async (t) => {
  const path = await build(`list "a" [
    { apiVersion = "example.org/v1"; kind = "A"; metadata.name = "n"; }
    { apiVersion = "example.org/v2"; kind = "A"; metadata.name = "n"; }
    { apiVersion = "example.org/v1"; kind = "B"; metadata.name = "n"; }
    { apiVersion = "example.org/v1"; kind = "A"; metadata.name = "m"; }
    { apiVersion = "example.org/v1"; kind = "A"; metadata = { name = "n"; namespace = "s"; }; }
  ]`)
  t.equal((await readFile(path, 'utf8')).match(/"kind":"[AB]"/g)?.length, 5)
  t.equal(
    await readFile(await build('list "none" [ ]'), 'utf8'),
    '{"apiVersion":"v1","items":[],"kind":"List"}\n',
  )
})

void t.test('refused', { skip: withoutNix }, async (t) => {
  const refusals: Record<string, readonly [expression: string, message: RegExp]> = {
    'a name with a slash': ['list "a/b" [ ]', /^list: name is "a\/b", expected at most 200 letters/],
    'a name that is empty': ['list "" [ ]', /^list: name is "", expected/],
    'a name that is a list': ['list [ ] "a"', /^list: name is a list, expected/],
    'one object': [`list "a" (${onePod})`, /^list: objects is an attribute set, expected a list of objects$/],
    'an image': [
      'list "a" [ (some { }) ]',
      /^list: an object is a derivation, expected an attribute set with apiVersion/,
    ],
    'a string': ['list "a" [ "x" ]', /^list: an object is "x", expected/],
    'a function': ['list "a" [ pod ]', /^list: an object is a function, expected/],
    'no apiVersion': [
      'list "a" [ { kind = "A"; metadata.name = "n"; } ]',
      /^list: apiVersion of an object is null/,
    ],
    'no kind': [
      'list "a" [ { apiVersion = "v1"; metadata.name = "n"; } ]',
      /^list: kind of an object is null/,
    ],
    'no name': [
      'list "a" [ { apiVersion = "v1"; kind = "A"; } ]',
      /^list: metadata\.name of kind A is null, expected/,
    ],
    'the same twice': [`list "a" [ (${onePod}) (${onePod}) ]`, /^list: "v1 Pod \/a" is there twice$/],
    'no system': [
      `(import ${root}manifests { system = null; }).list "a" [ ]`,
      /^list: system is unknown in pure evaluation, expected `import \.\/manifests \{ system = "x86_64-linux"; \}`$/,
    ],
  }
  const messages = await Promise.all(
    Object.values(refusals).map(async ([expression]) => refusal(`(${expression}).drvPath`)),
  )
  for (const [at, [name, [, expected]]] of Object.entries(refusals).entries())
    t.match(messages[at] ?? 'no refusal', expected, name)
})
