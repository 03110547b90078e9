import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { build, evaluateAll, query, refusal, root, withoutNix } from '../../nix/nix-command.ts'

const objects = `[
  (pod { name = "a"; namespace = "n"; containers.b.image = some { }; })
  { apiVersion = "v1"; kind = "Namespace"; metadata.name = "n"; }
]`
const library = `
  let
    pkgs = import ${root}test/manifests/output/stub-pkgs.nix { };
    inherit (import ${root}manifests { }) mkManifests mkGitOps joinManifests;
    objects = ${objects};
    other = { apiVersion = "v1"; kind = "Pod"; metadata.name = "n-a"; spec.containers = [ { name = "a"; image = "a"; } ]; };
  in
`
const make = (more: string) => `${library} mkManifests ({ name = "all"; inherit objects; } // { ${more} })`

async function contents(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
  return Object.fromEntries(names.map((name, i) => [name, texts[i] ?? '']))
}

void t.test(
  'a flat directory, which refers to its images and nothing else',
  { skip: withoutNix },
  async (t) => {
    const [reference, derivation, image] = await evaluateAll([
      '(some { }).imageRef',
      '(some { }).drvPath',
      'some { }',
    ])
    const path = await build(make('inherit pkgs; kubernetesVersion = "1.34";'))
    const files = await contents(path)
    t.same(Object.keys(files), ['10-namespace-n.json', '50-pod-n-a.json', 'Kustomization', 'objects.jsonl'])
    t.equal(
      files['10-namespace-n.json'],
      '{\n  "apiVersion": "v1",\n  "kind": "Namespace",\n  "metadata": {\n    "name": "n"\n  }\n}\n',
    )
    t.match(JSON.parse(files['50-pod-n-a.json'] ?? ''), {
      metadata: {
        annotations: { 'nix.internal/b.derivation': derivation, 'nix.internal/b.store-path': image },
      },
      spec: { containers: [{ image: reference }] },
    })
    t.same(parse(files['Kustomization'] ?? ''), {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: ['10-namespace-n.json', '50-pod-n-a.json'],
    })
    t.equal(
      files['objects.jsonl'],
      [
        { file: '10-namespace-n.json', images: [], kubernetesVersion: '1.34', object: 'v1 Namespace /n' },
        {
          file: '50-pod-n-a.json',
          images: [{ derivation, field: 'spec.containers[0].image', reference, storePath: image }],
          kubernetesVersion: '1.34',
          object: 'v1 Pod n/a',
        },
      ]
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    )
    t.same(await query('--references', path), [await build('some { }')])
  },
)

void t.test('as YAML, the same objects', { skip: withoutNix }, async (t) => {
  const json = await contents(await build(make('inherit pkgs;')))
  const yaml = await contents(await build(make('inherit pkgs; format = "yaml"; kustomize = false;')))
  t.same(Object.keys(yaml), ['10-namespace-n.yaml', '50-pod-n-a.yaml', 'objects.jsonl'])
  t.same(parse(yaml['50-pod-n-a.yaml'] ?? ''), JSON.parse(json['50-pod-n-a.json'] ?? ''))
})

void t.test('without pkgs it is the list', { skip: withoutNix }, async (t) => {
  t.equal(await build(make('')), await build(`list "all" ${objects}`))
})

void t.test('a directory for each app', { skip: withoutNix }, async (t) => {
  const path = await build(`${library} mkGitOps { apps = { web = objects; db = [ other ]; }; inherit pkgs; }`)
  t.same(await readdir(path).then((names) => names.sort()), ['Kustomization', 'db', 'web'])
  t.same(parse(await readFile(join(path, 'Kustomization'), 'utf8')), {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['db', 'web'],
  })
  t.same(Object.keys(await contents(join(path, 'web'))), [
    '10-namespace-n.yaml',
    '50-pod-n-a.yaml',
    'Kustomization',
    'objects.jsonl',
  ])
})

const joined = (...manifests: readonly string[]) =>
  `${library} joinManifests { name = "joined"; manifests = [ ${manifests.join(' ')} ]; inherit pkgs; }`
const whole = '(mkManifests { name = "all"; inherit objects pkgs; })'
const single = (name: string) =>
  `(mkManifests { name = "${name}"; objects = [ other ]; format = "yaml"; inherit pkgs; })`

void t.test('joined, two files of one name stay two', { skip: withoutNix }, async (t) => {
  const path = await build(joined(whole, single('one')))
  const files = await contents(path)
  const names = ['10-namespace-n.json', '50-pod-n-a.json', '50-pod-n-a_2.yaml']
  t.same(Object.keys(files), [...names, 'Kustomization', 'objects.jsonl'])
  t.same(parse(files['Kustomization'] ?? ''), {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: names,
  })
  const lines = (files['objects.jsonl'] ?? '').trim().split('\n')
  t.match(
    lines.map((line): unknown => JSON.parse(line)),
    [
      { file: names[0], object: 'v1 Namespace /n' },
      { file: names[1], object: 'v1 Pod n/a' },
      { file: names[2], object: 'v1 Pod /n-a', images: [] },
    ],
  )
  t.same(await query('--references', path), [await build('some { }')])
})

void t.test('joined, nothing is refused that is empty', { skip: withoutNix }, async (t) => {
  t.same(await contents(await build(joined())), {
    Kustomization: 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n',
    'objects.jsonl': '',
  })
})

void t.test('joined, one object in two is refused with both files', { skip: withoutNix }, async (t) => {
  await t.rejects(build(joined(single('one'), whole, single('two'))), {
    message:
      /joinManifests: "v1 Pod \/n-a" is in both \S+-one\/50-pod-n-a\.yaml and \S+-two\/50-pod-n-a\.yaml/,
  })
  await t.rejects(build(joined('hello')), {
    message: /joinManifests: \S+-hello has no objects\.jsonl, expected/,
  })
})

void t.test('refused', { skip: withoutNix }, async (t) => {
  const refusals: Record<string, readonly [expression: string, message: RegExp]> = {
    'a name with a slash': [make('inherit pkgs; name = "a/b";'), /^mkManifests: name is "a\/b", expected/],
    'another format': [
      make('inherit pkgs; format = "toml";'),
      /^mkManifests: format is "toml", expected "json" or "yaml"$/,
    ],
    'YAML without pkgs': [make('format = "yaml";'), /^mkManifests: format is "yaml", expected "json", since/],
    'pkgs that are nothing': [make('pkgs = "x";'), /^mkManifests: pkgs is "x", expected nixpkgs/],
    'pkgs without coreutils': [make('pkgs = { };'), /^mkManifests: pkgs\.coreutils is missing$/],
    'an object twice': [
      make('inherit pkgs; objects = [ other other ];'),
      /^mkManifests: "v1 Pod \/n-a" is there twice$/,
    ],
    'a path': [
      make(`inherit pkgs; objects = [ ${root}README.md ];`),
      /^mkManifests: an object is \S+README\.md, expected/,
    ],
    'one object': [
      make('inherit pkgs; objects = other;'),
      /^mkManifests: objects is an attribute set, expected a list/,
    ],
    'an object of two apps': [
      `${library} mkGitOps { apps = { a = [ other ]; b = [ other ]; }; inherit pkgs; }`,
      /^mkGitOps: "v1 Pod \/n-a" is there twice$/,
    ],
    'an app’s name with a slash': [
      `${library} mkGitOps { apps."a/b" = [ ]; inherit pkgs; }`,
      /^mkGitOps: a name in apps is "a\/b", expected/,
    ],
    'apps that are a list': [
      `${library} mkGitOps { apps = [ ]; inherit pkgs; }`,
      /^mkGitOps: apps is a list, expected/,
    ],
    'objects to join': [joined('other'), /^joinManifests: one of manifests is an attribute set, expected/],
    'one to join': [
      `${library} joinManifests { name = "a"; manifests = ${whole}; inherit pkgs; }`,
      /^joinManifests: manifests is a derivation, expected a list/,
    ],
  }
  const messages = await Promise.all(
    Object.values(refusals).map(async ([expression]) => refusal(`(${expression}).drvPath`)),
  )
  for (const [at, [name, [, expected]]] of Object.entries(refusals).entries())
    t.match(messages[at] ?? 'no refusal', expected, name)
})
