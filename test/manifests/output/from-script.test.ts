import { execPath } from 'node:process'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { build, evaluateAll, query, refusal, root, withoutNix } from '../../nix/nix-command.ts'

// The program as it is checked out, in place of the package.
const library = `
  let
    pkgs = import ${root}test/manifests/output/stub-pkgs.nix { node = "${execPath}"; main = "${root}dist/main.js"; };
    inherit (pkgs) pushless;
    inherit (import ${root}manifests { }) fromScript helmChart;
    pod = image: "apiVersion: v1\\nkind: Pod\\nmetadata: {name: a}\\nspec:\\n  containers: [{name: c, image: '\${image}'}]\\n";
    print = image: "cat <<'END'\\n\${pod image}END\\n";
  in
`
const make = (more: string) =>
  `${library} fromScript ({ name = "made"; inherit pkgs pushless; } // { ${more} })`

const chart = (more: string) => `${library} helmChart ({ name = "c"; inherit pkgs pushless; } // { ${more} })`
const other = (name: string) =>
  `(m.mkManifests { name = "other"; objects = [ (m.pod { name = "${name}"; containers.c.image = hello; }) ]; inherit pkgs; })`

const joined = (name: string) => `${library}
    let m = import ${root}manifests { }; in
    m.joinManifests {
      name = "joined";
      manifests = [ (fromScript { name = "made"; inherit pkgs pushless; allow = [ "*" ]; script = print "redis"; }) ${other(name)} ];
      inherit pkgs;
    }`

void t.test('output of a script, with images of the registry', { skip: withoutNix }, async (t) => {
  const [reference, derivation, image] = await evaluateAll([
    '(some { }).imageRef',
    '(some { }).drvPath',
    'some { }',
  ])
  const path = await build(
    make('script = print "ghcr.io/x/y:1"; images."ghcr.io/x/y:1" = some { }; kubernetesVersion = "1.34";'),
  )
  t.same((await readdir(path)).sort(), ['50-pod-a.yaml', 'Kustomization', 'objects.jsonl'])
  t.equal(
    await readFile(join(path, '50-pod-a.yaml'), 'utf8'),
    `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: c, image: '${String(reference)}'}]\n`,
  )
  t.same(JSON.parse(await readFile(join(path, 'objects.jsonl'), 'utf8')), {
    file: '50-pod-a.yaml',
    images: [{ derivation, field: 'spec.containers[0].image', reference, storePath: image }],
    kubernetesVersion: '1.34',
    object: 'v1 Pod /a',
  })
  t.same(await query('--references', path), [await build('some { }')])
})

void t.test('a directory, by a program, with images that may stay', { skip: withoutNix }, async (t) => {
  const path = await build(
    make(`
      builder = builtins.path {
        name = "generator";
        path = ${root}test/fixtures/generator.sh;
      };
      allow = [ "docker.io/library/*" "a b" ];
    `),
  )
  t.match(await readFile(join(path, '50-pod-a.yaml'), 'utf8'), /image: busybox:1/)
  t.same(await query('--references', path), [])
})

void t.test('joined with what Nix made', { skip: withoutNix }, async (t) => {
  t.same((await readdir(await build(joined('b')))).sort(), [
    '50-pod-a.yaml',
    '50-pod-b.json',
    'Kustomization',
    'objects.jsonl',
  ])
  await t.rejects(build(joined('a')), {
    message: /"v1 Pod \/a" is in both \S+-made\/50-pod-a\.yaml and \S+-other\/50-pod-a\.json/,
  })
})

void t.test('an image that isn’t mapped fails the build, by name', { skip: withoutNix }, async (t) => {
  await t.rejects(build(make('script = print "busybox:1";')), {
    message:
      /made-source, document 1, Pod\/a, spec\.containers\[0\]\.image: busybox:1 isn’t in the map of images/,
  })
})

const wrong = (name: string) =>
  `script = ''echo '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"},"spec":{"containers":[{"name":"c","imag":"x"}]}}' ''; `
const widget = (size: string) =>
  `script = ''echo '{"apiVersion":"a.org/v1","kind":"Widget","metadata":{"name":"w"},"size":${size}}' ''; `

void t.test(
  'what a script writes is checked as mkManifests checks its objects',
  { skip: withoutNix },
  async (t) => {
    await t.rejects(build(make(wrong('a'))), {
      message:
        /-made\/50-pod-a\.json:1: Pod\/a: spec\.containers\[c\]\.imag is unknown, did you mean image\?/,
    })
    await t.resolves(build(make(`${wrong('b')} check = false;`)))
    const settings = (text: string) =>
      make(wrong('c')).replace(`${root}manifests { }`, `${root}manifests { ${text} }`)
    await t.resolves(build(settings('kubernetes = null;')))
    const defined = (text: string) =>
      make(text).replace(
        `${root}manifests { }`,
        `${root}manifests {
        schemas = [ {
          apiVersion = "apiextensions.k8s.io/v1";
          kind = "CustomResourceDefinition";
          metadata.name = "widgets.a.org";
          spec = {
            group = "a.org";
            names.kind = "Widget";
            versions = [ { name = "v1"; schema.openAPIV3Schema = { type = "object"; properties.size.type = "integer"; }; } ];
          };
        } ];
      }`,
      )
    await t.rejects(build(defined(widget('"x"'))), { message: /Widget\/w: size is "x", expected/ })
    await t.resolves(build(defined(widget('1'))))
  },
)

void t.test('refused', { skip: withoutNix }, async (t) => {
  const refusals: Record<string, readonly [expression: string, message: RegExp]> = {
    'nothing to run': [make(''), /^fromScript: expected either script or builder$/],
    'two to run': [make('script = "a"; builder = hello;'), /^fromScript: expected either script or builder$/],
    'a script that is a package': [
      make('script = hello;'),
      /^fromScript: script is a derivation, expected a shell script/,
    ],
    'images that are a list': [
      make('script = "a"; images = [ ];'),
      /^fromScript: images is a list, expected/,
    ],
    'an image that is a number': [make('script = "a"; images.a = 1;'), /^imageRef: image is 1, expected/],
    'a pattern that is none': [
      make('script = "a"; allow = "x";'),
      /^fromScript: allow is "x", expected a list/,
    ],
    'tools that are one': [
      make('script = "a"; tools = hello;'),
      /^fromScript: tools is a derivation, expected a list/,
    ],
    'a name with a slash': [make('script = "a"; name = "a/b";'), /^fromScript: name is "a\/b", expected/],
    'a check that is text': [
      make('script = "a"; check = "no";'),
      /^fromScript: check is "no", expected true or false$/,
    ],
    'a namespace that is none': [
      chart('chart = hello; namespace = "A";'),
      /^helmChart: namespace is "A", expected an RFC 1123 label/,
    ],
    'a chart that is a name': [chart('chart = "nginx";'), /^helmChart: chart is "nginx", expected/],
    'a chart without its hash': [
      chart('chart.url = "https://a.example/b.tgz";'),
      /^helmChart: chart is an attribute set/,
    ],
    'values that are text': [
      chart('chart = hello; values = "a: 1";'),
      /^helmChart: values is "a: 1", expected/,
    ],
    'arguments that are text': [
      chart('chart = hello; args = "-x";'),
      /^helmChart: args is "-x", expected a list/,
    ],
    'no Helm': [
      chart('chart = hello; pkgs = removeAttrs pkgs [ "kubernetes-helm" ];'),
      /^helmChart: pkgs\.kubernetes-helm is missing$/,
    ],
  }
  const messages = await Promise.all(
    Object.values(refusals).map(async ([expression]) => refusal(`(${expression}).drvPath`)),
  )
  for (const [at, [name, [, expected]]] of Object.entries(refusals).entries())
    t.match(messages[at] ?? 'no refusal', expected, name)
})
