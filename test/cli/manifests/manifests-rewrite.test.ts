import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { createProgram } from '../../../src/cli/create-program.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'
import { temporaryDirectory, type Scope } from '../../support/scope.ts'

const main = fileURLToPath(new URL('../../../dist/main.js', import.meta.url))
const pod = (name: string, image: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, image: ${image}}]}\n`
const OURS = `nix.internal/nix/store/${'1'.repeat(32)}-web:nix`

async function setUp(scope: Scope) {
  const directory = await temporaryDirectory(scope, 'rewrite')
  await writeFile(join(directory, 'map.json'), JSON.stringify({ web: OURS }))
  await mkdir(join(directory, 'in'))
  await writeFile(join(directory, 'in/b.yml'), pod('b', 'web:1'))
  await writeFile(join(directory, 'in/a.yaml'), pod('a', 'redis'))
  await writeFile(join(directory, 'in/README.md'), 'no manifest')
  const run = async (args: readonly string[], input = '') =>
    execa(
      execPath,
      [
        '--disable-warning=ExperimentalWarning',
        main,
        'manifests',
        'rewrite',
        '--images',
        'map.json',
        ...args,
      ],
      { cwd: directory, reject: false, input, timeout: 60_000, stripFinalNewline: false },
    )
  return { directory, run }
}

void t.test('a directory becomes another', async (t) => {
  const { directory, run } = await setUp(t)
  const { exitCode, stdout, stderr } = await run([
    '--allow',
    'nothing',
    '--allow',
    'redis',
    'in',
    '-o',
    'new/out',
  ])
  t.same({ exitCode, stdout, stderr }, { exitCode: 0, stdout: '', stderr: '' })
  t.same((await readdir(join(directory, 'new/out'))).sort(), [
    '50-pod-a.yaml',
    '50-pod-b.yaml',
    'Kustomization',
    'objects.jsonl',
  ])
  t.equal(await readFile(join(directory, 'new/out/50-pod-b.yaml'), 'utf8'), pod('b', OURS))
})

void t.test('standard input becomes standard output', async (t) => {
  const { run } = await setUp(t)
  t.match(await run(['-'], `${pod('z', 'web')}---\n${pod('yy', 'web:2')}`), {
    exitCode: 0,
    stdout: `---\n${pod('yy', OURS)}---\n${pod('z', OURS)}`,
    stderr: '',
  })
})

void t.test('objects without a namespace get one', async (t) => {
  const { run } = await setUp(t)
  const { exitCode, stdout } = await run(['-', '--namespace', 'market'], pod('z', 'web'))
  t.equal(exitCode, 0)
  t.match(stdout, 'metadata: {namespace: "market", name: z}')
  t.match(await run(['-', '--namespace', 'Market'], pod('z', 'web')), {
    exitCode: 2,
    stderr: /--namespace Market: expected at most 63 of a-z/,
  })
})

void t.test('a refused rewrite writes nothing and gives its reason', async (t) => {
  const { directory } = await setUp(t)
  const at = (name: string) => join(directory, name)
  const cases: readonly (readonly [args: readonly string[], isUsage: boolean, message: RegExp])[] = [
    [
      [at('in'), '-o', at('out')],
      false,
      /in\/a\.yaml, document 1, Pod\/a, spec\.containers\[0\]\.image: redis isn’t/,
    ],
    [['--allow', '*', at('in'), '-o', at('in')], true, /--output: \S+ isn’t empty/],
    [['--allow', '*', at('in'), '-o', at('map.json')], true, /map\.json/],
    [[at('nowhere')], true, /nowhere/],
    [['--images', at('nowhere'), at('in')], true, /nowhere/],
    [['--images', at('in/README.md'), at('in')], false, /in\/README\.md: not JSON/],
  ]
  for (const [args, isUsage, message] of cases) {
    const program = createProgram({
      environment: {},
      isRoot: true,
      version: '1',
      library: '.',
      exit: () => undefined,
    })
    const failure: unknown = await program
      .parseAsync(['node', 'pushless', 'manifests', 'rewrite', '--images', at('map.json'), ...args])
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    t.equal(failure instanceof UsageError, isUsage)
    t.match(failure, { message })
  }
  t.same((await readdir(directory)).sort(), ['in', 'map.json'])
})
