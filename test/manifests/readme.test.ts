import { existsSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { evaluateAll, outcomes, root, withoutNix } from '../nix/nix-command.ts'
import { argumentsBelow, type Export, gaps, sectionsOf } from './readme-sections.ts'

const skip = withoutNix
const readme = await readFile(join(root, 'manifests/README.md'), 'utf8')
const sections = sectionsOf(readme)
const tests = await testTexts()

// What examples call nixpkgs has what the library uses of it, and the packages that they name.
const scope = `
  with manifests;
  let
    web = some { };
    pkgs = import ${root}test/manifests/output/stub-pkgs.nix { } // {
      callPackage = file: { }: assert builtins.pathExists file; make "called";
      jsonnet = make "jsonnet";
      shop = make "shop";
      whoami = make "whoami";
    };
  in`

void t.test('every function has its section, its example and its test', { skip }, async (t) => {
  t.strictSame(gaps(await exportsOf(), sections, tests), [])
})

void t.test('missing parts are named', async (t) => {
  const one: Export = { name: 'pod', takes: [] }
  const without = (pattern: RegExp) => sectionsOf(readme.replace(pattern, '')).filter(isPod)
  const pod = sections.filter(isPod)
  t.strictSame(gaps([one], pod, tests), [])
  t.strictSame(gaps([one], without(/^### pod$/m), tests), ['pod has no section'])
  t.strictSame(gaps([one], without(/^ {4}pod :: .*$/m), tests), ['pod has no type'])
  t.strictSame(gaps([one], without(/^```nix\npod [^`]*```$/m), tests), ['pod has no example'])
  t.strictSame(gaps([{ ...one, takes: ['for'] }], pod, tests), ["pod: for isn't described"])
  t.strictSame(gaps([one], pod, 'podLabels'), ['pod has no test'])
  t.strictSame(gaps([], pod, tests), ["pod has a section and isn't exported"])
  t.strictSame(gaps([{ name: 'unheard', takes: [] }], [], tests), [
    'unheard has no section',
    'unheard has no test',
  ])
})

void t.test('every setting is described', { skip }, async (t) => {
  const [names] = await evaluateAll([`builtins.attrNames (builtins.functionArgs (import ${root}manifests))`])
  t.strictSame(argumentsBelow(readme, '## Settings').toSorted(), names)
})

void t.test(
  'all that an application says is described, and what a file says of its package',
  { skip },
  async (t) => {
    const [application, file] = await evaluateAll([
      `builtins.attrNames (import ${root}manifests/app/arguments.nix)`,
      `builtins.attrNames (
      removeAttrs (builtins.functionArgs (import ${root}manifests/app/package.nix { system = null; })) [ "builder" ]
      // { apps = null; file = null; }
    )`,
    ])
    t.strictSame(takenBy('app'), application)
    t.strictSame(takenBy('appFile'), file)
  },
)

void t.test('the table of contents has each heading once, in their order', (t) => {
  const [before = '', after = ''] = readme.split(/^## Contents$/m)
  const [contents = '', ...rest] = after.split(/^(?=## )/m)
  const headings = [...rest.join('').matchAll(/^##+ (.+)$/gm)].map(([, title]) => title)
  const links = [...contents.matchAll(/\[([^\]]+)\]\(#([^)]+)\)/g)]
  t.strictSame(
    links.map(([, title]) => title),
    headings,
  )
  for (const [, title = '', anchor] of links)
    t.equal(
      anchor,
      title
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
  t.match(before, '## In five lines')
  t.end()
})

void t.test('examples', { skip }, async (t) => {
  const examples = sections.map(({ example = 'null' }) => whereFilesAre(example))
  const happened = await outcomes(examples, scope)
  for (const [at, { name }] of sections.entries())
    t.strictSame(happened[at], { refusal: undefined, traces: [] }, `${name}: neither refused nor warned of`)
  if (!t.passing()) return
  const values = await evaluateAll(examples, scope)
  const problems = await evaluateAll(
    examples.map((example) => `let value = (${example}); in validate (objectsIn value)`),
    `${scope}
      let
        isObject = value: value ? apiVersion && value ? metadata;
        objectsIn = value: builtins.filter isObject (if builtins.isList value then value else [ value ]);
      in`,
  )
  for (const [at, { name, gives }] of sections.entries()) {
    t.strictSame(problems[at], [], `${name}: right by the schema`)
    if (gives !== undefined)
      t.has({ value: values[at] }, { value: JSON.parse(gives) }, `${name}: what it gives`)
  }
})

void t.test('whole files, as anyone may write them', { skip }, async (t) => {
  const [before = ''] = readme.split(/^## Contents$/m)
  const files = [...before.matchAll(/^```nix\n(.*?)^```$/gms)].map(([, file = '']) => whereFilesAre(file))
  t.equal(files[0]?.trimEnd().split('\n').length, 5, 'five lines')
  const paths = await evaluateAll(
    files.map(
      (file) =>
        `let value = (${file}); in if builtins.isFunction value then value { inherit pkgs; } else value`,
    ),
    scope,
  )
  t.equal(paths.length, 2)
  for (const path of paths) t.match(path, /^\/nix\/store\/.*-web\.json$/)
})

/** An example whose paths are those of the repository, or else of files that are there for examples. */
function whereFilesAre(example: string): string {
  return example.replaceAll(/(?<=[ {])\.\/([\w./-]+)/g, (_, path: string) =>
    join(root, existsSync(join(root, path)) ? '' : 'test/manifests/readme', path),
  )
}

function takenBy(wanted: string): string[] | undefined {
  return sections.find(({ name }) => name === wanted)?.takes.toSorted()
}

function isPod({ name }: { readonly name: string }): boolean {
  return name === 'pod'
}

async function exportsOf(): Promise<Export[]> {
  const [found] = await evaluateAll([
    `map (name: {
      inherit name;
      takes = if builtins.isFunction manifests.\${name} then builtins.attrNames (builtins.functionArgs manifests.\${name}) else [ ];
    }) (builtins.attrNames manifests)`,
  ])
  return Array.isArray(found) ? found : []
}

async function testTexts(): Promise<string> {
  const files = await Array.fromAsync(glob(['test/**/*.test.ts', 'manifests/**/*.tests.nix'], { cwd: root }))
  const others = files.filter((file) => file !== 'test/manifests/readme.test.ts')
  return (await Promise.all(others.map(async (file) => readFile(join(root, file), 'utf8')))).join('\n')
}
