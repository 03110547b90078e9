/** The commands of a catalogue, as people type them, with the example and the Nix of this machine. */
import { cp, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { execa } from 'execa'
import t from 'tap'
import { CatalogueError } from '../../src/catalogue/catalogue-error.ts'
import { makeEvaluator } from '../../src/catalogue/evaluator.ts'
import { openCatalogue } from '../../src/catalogue/open-catalogue.ts'
import { kubectlFor } from '../support/kubectl.ts'
import { nixEnv, nixStore } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { root } from '../nix/nix-command.ts'

const LIMIT_MS = 120_000
const OBJECTS = [
  'ServiceAccount/web',
  'ConfigMap/web-files',
  'Deployment/web',
  'Service/web',
  'Ingress/web',
  'PodDisruptionBudget/web',
]

void t.test('pushless catalogue', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'catalogue')
  await cp(join(root, 'examples/catalogue'), join(directory, 'shop'), { recursive: true })
  // As a ConfigMap that is mounted has its files.
  await symlink('shop', join(directory, 'linked'))
  const run = async (env: NodeJS.ProcessEnv, args: readonly string[]) =>
    execa(
      execPath,
      ['--disable-warning=ExperimentalWarning', join(root, 'dist/main.js'), 'catalogue', ...args],
      { cwd: directory, env, extendEnv: false, reject: false, timeout: LIMIT_MS },
    )
  const catalogue = async (...args: readonly string[]) => run(nixEnv, args)
  const write = async (text: string) => writeFile(join(directory, 'values.yaml'), text)

  await t.test('list', async (t) => {
    const { stdout } = await catalogue('list', 'linked')
    t.match(
      stdout,
      /^NAME +VERSION +DESCRIPTION\nsettings +2\.0\.0 .*\nsettings +1\.0\.0 .*\nweb +1\.1\.0 .*\nweb +1\.0\.0 /,
    )
    const { entries } = JSON.parse((await catalogue('list', 'shop/catalogue.nix', '--json')).stdout) as {
      readonly entries: readonly object[]
    }
    t.match(entries[2], { name: 'web', version: '1.1.0', presets: { small: { replicas: 1 } } })
  })

  await t.test('show', async (t) => {
    const newest = await catalogue('show', 'shop', 'web')
    t.match(
      newest.stdout,
      /^web 1\.1\.0\n.*\nversions: 1\.1\.0, 1\.0\.0\n\nFIELD +TYPE +DEFAULT +DESCRIPTION\n/,
    )
    t.match(newest.stdout, /^replicas +integer, 1 to 20 +2 +Number of Pods$/m)
    t.match(newest.stdout, /^resources\.memory +string +"32Mi" +Memory of each Pod$/m)
    t.match(newest.stdout, /\npreset small:\n {2}replicas: 1$/)
    t.match(await catalogue('show', 'shop', 'wb'), {
      exitCode: 2,
      stderr: /has no entry wb, there are: settings, web$/,
    })
  })

  await t.test('render', async (t) => {
    await write('replicas: 3\nhost: www.example.org\n')
    const made = await catalogue('render', 'shop', 'web', '1.1.0', '--values', 'values.yaml')
    t.equal(made.exitCode, 0, made.stderr)
    t.strictSame(made.stdout.split('\n').slice(0, -1), OBJECTS)
    const path = await readlink(join(directory, 'result'))
    const hash = path.slice(11, 19)
    t.equal(made.stdout.split('\n').at(-1), `web-1-1-0-${hash}: result -> ${path}`)
    t.match(await nixStore('--query', '--roots', path), [`${directory}/result -> ${path}`])
    t.match(await readFile(join(directory, 'result'), 'utf8'), /"replicas":3/)

    await t.test('the same values are the same manifests', async (t) => {
      await write('host: www.example.org\nreplicas: 3\npage: Hello\nresources: {memory: 32Mi}\n')
      const again = await catalogue(
        'render',
        'shop',
        'web',
        '1.1.0',
        '--values',
        'values.yaml',
        '-o',
        'other',
      )
      t.equal(await readlink(join(directory, 'other')), path, again.stderr)
    })
    await t.test('other values are others', async (t) => {
      const printed = await catalogue('render', 'linked', 'web', '1.1.0', '--print')
      t.match(printed.stdout, /^ {2}replicas: 2$/m)
      t.notMatch(printed.stdout, /kind: Ingress/)
    })
    await t.test('kubectl takes it', { skip: missing('kubectl') }, async (t) => {
      const { dryRun } = await kubectlFor(t)
      const { created, stderr } = await dryRun('-f', join(directory, 'result'))
      t.equal(created.length, OBJECTS.length, stderr)
    })
  })

  await t.test('what is wrong in values is said with its line, and Nix sees none of it', async (t) => {
    await write('host: a b\n\nreplicaz: 3\nresources:\n  memory: 5\n')
    const { exitCode, stderr } = await catalogue('render', 'shop', 'web', '1.1.0', '--values', 'values.yaml')
    t.equal(exitCode, 2)
    t.strictSame(stderr.split('\n'), [
      'pushless: values.yaml:1: host is "a b", expected a host name',
      'values.yaml:3: replicaz is unknown, did you mean replicas?',
      'values.yaml:5: resources.memory is 5, expected a string',
    ])
    await write("page: |\n  \"; reboot; ${builtins.readFile /etc/passwd} '' ${x}\n")
    const printed = await catalogue('render', 'shop', 'web', '1.1.0', '--values', 'values.yaml', '--print')
    t.match(printed.stdout, "\"; reboot; ${builtins.readFile /etc/passwd} '' ${x}")
    t.match(await catalogue('render', 'shop', 'settings', '1.0.0'), {
      exitCode: 2,
      stderr: 'pushless: the defaults: data is missing, expected an object',
    })
  })

  await t.test('build, and then no Nix is needed', async (t) => {
    const built = await catalogue('build', 'shop', '-o', 'index')
    t.equal(built.exitCode, 0, built.stderr)
    t.equal(built.stdout, 'index/catalogue.json: 4 entries, 8 builds')
    t.match(
      built.stderr,
      /^settings 2\.0\.0: not built with its defaults: data is missing, expected an object$/m,
    )
    t.match(await readlink(join(directory, 'index/web/1.1.0@small')), /^\/nix\/store\/.*-web\.json$/)
    const withoutNix = { PATH: '/nowhere' }
    t.match((await run(withoutNix, ['show', 'index', 'web'])).stdout, /^web 1\.1\.0\n/)
    await write('replicas: 1\n')
    const small = await catalogue('render', 'index', 'web', '1.1.0', '--values', 'values.yaml', '-o', 'small')
    t.equal(small.exitCode, 0, small.stderr)
    t.equal(
      await readlink(join(directory, 'small')),
      await readlink(join(directory, 'index/web/1.1.0@small')),
    )
    await write('replicas: 4\n')
    t.match(await catalogue('render', 'index', 'web', '1.1.0', '--values', 'values.yaml'), {
      exitCode: 2,
      stderr: /was not built with these values/,
    })
  })

  await t.test('a catalogue that is wrong is refused in one line', async (t) => {
    const file = join(directory, 'wrong.nix')
    const cases: readonly (readonly [string, RegExp])[] = [
      ['1', /catalogue: the file is 1, expected a function or an attribute set of entries$/],
      ['{ web = 1; }', /catalogue: web is 1, expected an attribute set of versions$/],
      ['{ web."1" = 1; }', /catalogue: web\."1" is 1, expected what catalogueEntry returns$/],
      ['{ pushless }: { web."1" = pushless.catalogueEntry { manifests = 1; }; }', /description/],
      ['{ unknown }: { }', /unknown/],
      ['{ pushless }: {', /syntax error.* at .*wrong\.nix:1:15$/],
      [
        '{ manifests, nix, system }: { "a.b"."1" = manifests.catalogueEntry { description = system; manifests = nix.image; }; }',
        /the name of an entry is "a\.b"/,
      ],
    ]
    const evaluator = makeEvaluator({ library: root, environment: nixEnv })
    for (const [text, message] of cases) {
      await writeFile(file, text)
      const error: unknown = await openCatalogue(file, evaluator).catch((error: unknown) => error)
      if (!(error instanceof CatalogueError)) throw error
      t.match(error.message, message)
      t.notMatch(error.message, '\n')
    }
    t.match(await catalogue('list', file), { exitCode: 1, stderr: /^pushless: .*"a\.b"/ })
  })

  await t.test('a flake is a catalogue, with inputs that follow others', async (t) => {
    const flakes = await temporaryDirectory(t, 'flakes')
    const flake = async (name: string, text: string) => {
      await mkdir(join(flakes, name))
      await writeFile(join(flakes, name, 'flake.nix'), text)
    }
    const input = (name: string) => `inputs.${name}.url = "path:${flakes}/${name}";`
    await flake('dep', '{ outputs = _: { word = "from a flake"; }; }')
    await flake('words', `{ ${input('dep')} outputs = { self, dep }: { inherit (dep) word; }; }`)
    await flake(
      'main',
      `{
        ${input('dep')} ${input('words')} inputs.words.inputs.dep.follows = "dep";
        outputs = { self, dep, words }: {
          pushlessCatalogue = { pushless }: {
            web."1" = pushless.catalogueEntry {
              description = words.word;
              manifests = _: pushless.list "web" [
                (pushless.configMap { name = "a"; data.source = "\${self}"; })
              ];
            };
          };
        };
      }`,
    )
    const main = join(flakes, 'main')
    t.match(await catalogue('list', main), { exitCode: 1, stderr: /lock file/ })
    await execa('nix', ['flake', 'lock', main], { env: nixEnv, timeout: LIMIT_MS })
    t.match((await catalogue('list', main)).stdout, /^web +1 +from a flake$/m)
    const printed = await catalogue('render', `path:${main}`, 'web', '1', '--print')
    t.match(printed.stdout, /source: \/nix\/store\/[a-z0-9]{32}-source$/m)
    t.match(await catalogue('list', `path:${flakes}/nowhere`), { exitCode: 1, stderr: /nowhere/ })
  })

  await t.test('another directory is read only where it is included', async (t) => {
    const outside = await temporaryDirectory(t, 'included')
    await writeFile(join(outside, 'default.nix'), '"from elsewhere"')
    await writeFile(
      join(directory, 'included.nix'),
      '{ pushless }: { web."1" = pushless.catalogueEntry { description = import <words>; manifests = _: null; }; }',
    )
    t.match(await catalogue('list', 'included.nix', '--include', `words=${outside}`), {
      stdout: /from elsewhere/,
    })
    t.match(await catalogue('list', 'included.nix'), { exitCode: 1, stderr: /words/ })
  })
})
