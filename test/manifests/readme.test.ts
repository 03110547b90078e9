import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { evaluateAll, outcomes, root, withoutNix } from '../nix/nix-command.ts'
import { argumentsBelow, type Export, gaps, sectionsOf } from './readme-sections.ts'

const skip = withoutNix
const readme = await readFile(join(root, 'manifests/README.md'), 'utf8')
const sections = sectionsOf(readme)
const tests = await testTexts()

void t.test('every function has its section, its example and its test', { skip }, async (t) => {
  t.strictSame(gaps(await exportsOf(), sections, tests), [])
})

void t.test('what is missing is named', async (t) => {
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

void t.test('examples', { skip }, async (t) => {
  const examples = sections.map(({ example = 'null' }) => example)
  const scope = 'with manifests; let web = some { }; in'
  const happened = await outcomes(examples, scope)
  for (const [at, { name }] of sections.entries())
    t.strictSame(happened[at], { refusal: undefined, traces: [] }, `${name}: neither refused nor warned of`)
  if (!t.passing()) return
  const values = await evaluateAll(examples, scope)
  const isObject = 'value ? apiVersion && value ? metadata'
  const problems = await evaluateAll(
    examples.map((example) => `let value = (${example}); in if ${isObject} then validate [ value ] else [ ]`),
    scope,
  )
  for (const [at, { name, gives }] of sections.entries()) {
    t.strictSame(problems[at], [], `${name}: right by the schema`)
    if (gives !== undefined)
      t.has({ value: values[at] }, { value: JSON.parse(gives) }, `${name}: what it gives`)
  }
})

void t.test('the first example, as anyone may write it', { skip }, async (t) => {
  const example = /^```nix\n(.*?)^```$/ms.exec(readme)?.[1]?.replaceAll(' ./', ` ${root}`)
  const [path] = await evaluateAll([example ?? 'null'])
  t.match(path, /^\/nix\/store\/.*-web\.json$/)
})

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
  const files = await Array.fromAsync(glob('test/**/*.test.ts', { cwd: root }))
  const others = files.filter((file) => file !== 'test/manifests/readme.test.ts')
  return (await Promise.all(others.map(async (file) => readFile(join(root, file), 'utf8')))).join('\n')
}
