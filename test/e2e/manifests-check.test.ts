/** `pushless manifests check`, with a registry that has a cache: what of each image it says, and that it starts nothing. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execa } from 'execa'
import { imageName, pullAll, repositoryUrl } from './client.ts'
import { serveCache } from '../support/binary-cache.ts'
import { nixEnv } from '../support/nix.ts'
import { privateNix } from '../support/private-nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const LIMIT_MS = 60_000
const NOWHERE = '/nix/store/00000000000000000000000000000000-nowhere'

/** Derivations that nobody built before. */
const expression = (name: string, script: string) => `derivation {
  name = "${name}"; salt = "${process.pid}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
  args = [ "-euc" "${script}" ];
}`
const DIRECTORY = 'mkdir $out; seq 1000 > $out/numbers'

const pod = (name: string, image: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  containers:\n    - name: main\n      image: ${image}\n`

const RULES = [{ rule: 'self.a < self.b' }, { rule: 'self.b < 9' }]
/** With three rules in CEL. */
const definition = (kind: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.toLowerCase()}s.example.org` },
  spec: {
    group: 'example.org',
    scope: 'Namespaced',
    names: { kind, plural: `${kind.toLowerCase()}s` },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: RULED } }],
  },
})
const RULED = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { a: { type: 'integer' }, b: { type: 'integer', 'x-kubernetes-validations': [RULES[1]] } },
      'x-kubernetes-validations': RULES,
    },
  },
}
const gadget = (name: string) => ({
  apiVersion: 'example.org/v1',
  kind: 'Gadget',
  metadata: { name },
  spec: { a: 2, b: 1 },
})

void t.test('manifests check', { skip: missing('nix', 'root') }, async (t) => {
  const directory = await temporaryDirectory(t, 'check')
  const elsewhere = await privateNix(t)
  const [cached = ''] = await elsewhere.run([
    'nix-build',
    '--no-out-link',
    '-E',
    expression('cached', DIRECTORY),
  ])
  await elsewhere.run(['nix', 'copy', '--to', `file://${directory}/cache`, cached])
  const cache = await serveCache(t, join(directory, 'cache'))
  const nix = await privateNix(t)
  const [present = ''] = await nix.run(['nix-build', '--no-out-link', '-E', expression('present', DIRECTORY)])
  const [buildable = ''] = await nix.run(['nix-instantiate', '-E', expression('buildable', DIRECTORY)])
  const [failing = ''] = await nix.run(['nix-instantiate', '-E', expression('failing', 'echo why; exit 3')])
  await writeFile(
    join(directory, 'nix.conf'),
    `substituters = ${cache.url}\nrequire-sigs = false\nsandbox = false\nbuild-users-group =\n`,
  )
  const server = await startPushless(t, {
    prefix: nix.prefix,
    args: ['--serve-packages'],
    env: { NIX_CONF_DIR: directory, XDG_CACHE_HOME: directory, HOME: directory },
  })
  const check = async (...args: readonly string[]) =>
    execa(process.execPath, [MAIN, 'manifests', 'check', ...args], {
      env: {
        ...nixEnv,
        PUSHLESS_REGISTRY: server.url,
        NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      },
      reject: false,
      timeout: LIMIT_MS,
    })
  await mkdir(join(directory, 'deploy'))
  const file = (name: string) => join(directory, 'deploy', name)

  await t.test('tells what can be pulled, and starts nothing', async (t) => {
    await writeFile(
      file('good.yaml'),
      [present, cached, buildable].map((path, i) => pod(`pod-${i}`, imageName(path))).join('---\n'),
    )
    const { exitCode, stdout } = await check(file('good.yaml'))
    t.same(stdout.split('\n'), [
      `present    ${imageName(present)}`,
      `fetchable  ${imageName(cached)}`,
      `buildable  ${imageName(buildable)}`,
      '3 objects for Kubernetes 1.37, 0 problems; 3 images: 1 present, 1 fetchable, 1 buildable',
    ])
    t.equal(exitCode, 0)
    t.same(
      server.logs.filter(({ msg }) => /fetch|build/.test(String(msg))),
      [],
    )
    t.ok((await pullAll(server.url, cached)).size > 1)
    t.match((await check(file('good.yaml'))).stdout, `present    ${imageName(cached)}`, 'and has been pulled')
  })

  await t.test('tells what can’t be pulled, and where it is named', async (t) => {
    t.equal((await fetch(`${repositoryUrl(server.url, failing)}/manifests/nix`)).status, 500)
    await writeFile(
      file('bad.yaml'),
      [
        pod('broken', imageName(failing)),
        pod('lost', `nix.internal${NOWHERE}:nix`),
        pod('odd', 'nix.internal/x'),
      ].join('---\n'),
    )
    const { exitCode, stdout } = await check(file('bad.yaml'))
    t.equal(exitCode, 1)
    const lines = stdout.split('\n')
    t.match(
      lines[0],
      /bad\.yaml, document 3, Pod\/odd, spec\.containers\[0\]\.image: "nix\.internal\/x": expected/,
    )
    t.match(
      lines[1],
      /^failed {3}nix\.internal\/nix\/store\/\w+-failing\.drv:nix {2}nix build failed.*exit code 3/,
    )
    t.match(lines[2], /^ {2}in .*bad\.yaml, document 1, Pod\/broken, spec\.containers\[0\]\.image$/)
    t.match(lines[3], /^unknown {2}nix\.internal\/nix\/store\/0+-nowhere:nix {2}no such store path/)
    t.match(lines.at(-1), /^3 objects for Kubernetes 1\.37, 1 problem; 2 images: 1 failed, 1 unknown$/)
  })

  await t.test('tells what Kubernetes wouldn’t take, by line', async (t) => {
    await writeFile(
      file('typo.yaml'),
      `${pod('a', imageName(present))}      ports:\n        - containerPort: '80'\n---\n${pod('a', 'nginx')}---\napiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: c}\n    data: {on: yes}\n`,
    )
    const { exitCode, stdout } = await check('--no-registry', file('typo.yaml'))
    t.equal(exitCode, 1)
    const name = file('typo.yaml')
    t.same(stdout.split('\n'), [
      `${name}:9: Pod/a: spec.containers[main].ports[80].containerPort is "80", expected a whole number of 32 bits`,
      `${name}:25: ConfigMap/c: data.true is true, expected a string (yes is read as the boolean true: write "yes")`,
      `${name}:11: Pod/a: is there twice: first in ${name}:1`,
      '3 objects for Kubernetes 1.37, 3 problems; 1 of other registries',
    ])
    const { stdout: json } = await check('--no-registry', '--json', '--kubernetes', '1.34', file('typo.yaml'))
    t.match(JSON.parse(json), { kubernetes: '1.34', objects: 3, problems: [{ line: 9, object: 'Pod/a' }] })
    t.match((await check('--no-registry', join(directory, 'deploy'))).stdout, /^9 objects/m, 'a directory')
  })

  await t.test('warns of what Kubernetes takes, but is hardly meant so', async (t) => {
    const name = file('twice.yaml')
    await writeFile(name, `${pod('a', 'nginx')}      env: [{name: A, value: '1'}, {name: A, value: '2'}]\n`)
    const text = `${name}:8: warning: Pod/a: spec.containers[main].env[A] is there twice, expected each name once`
    t.match(await check('--no-registry', name), {
      exitCode: 0,
      stdout: `${text}\n1 object for Kubernetes 1.37, 0 problems, 1 warning; 1 of other registries`,
    })
    t.match(await check('--no-registry', '--strict', name), {
      exitCode: 1,
      stdout: `${text.replace('warning: ', '')}\n1 object for Kubernetes 1.37, 1 problem; 1 of other registries`,
    })
    const { stdout } = await check('--no-registry', '--json', name)
    t.match(JSON.parse(stdout), { problems: [{ severity: 'warning', line: 8 }] })
  })

  await t.test('lets the server make names', async (t) => {
    const job = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: warm-}\n'
    await writeFile(file('made.yaml'), `${job}---\n${job}`)
    t.match(await check('--no-registry', file('made.yaml')), {
      exitCode: 0,
      stdout: '2 objects for Kubernetes 1.37, 0 problems',
    })
  })

  await t.test('counts the rules in CEL that it leaves to the server', async (t) => {
    const objects = [definition('Gadget'), definition('Widget'), gadget('a'), gadget('b')]
    await writeFile(file('rules.yaml'), objects.map((one) => JSON.stringify(one)).join('\n---\n'))
    t.match(await check('--no-registry', file('rules.yaml')), {
      exitCode: 0,
      stdout: '4 objects for Kubernetes 1.37, 0 problems; 3 rules in CEL left to the API server',
    })
    const { stdout: json } = await check('--no-registry', '--json', file('rules.yaml'))
    t.match(JSON.parse(json), { problems: [], celRules: 3 })
  })

  await t.test('finds what is wrong with each document, though others are broken', async (t) => {
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: '
    await writeFile(
      file('several.yaml'),
      `${namespace}{name: no}\n---\na: [\n---\n${namespace}{name: a, lables: {b: c}}\n---\n${namespace}{name: a, name: b}\n`,
    )
    const { exitCode, stdout } = await check('--no-registry', file('several.yaml'))
    const name = file('several.yaml')
    t.equal(exitCode, 1)
    t.same(stdout.split('\n'), [
      `${name}:3: metadata.name: no is read as the boolean false: write "no"`,
      `${name}:6:1: Flow sequence in block collection must be sufficiently indented and end with a ]`,
      `${name}:13:21: the key "name" is there twice`,
      `${name}:9: Namespace/a: metadata.lables is unknown, did you mean labels?`,
      '2 objects for Kubernetes 1.37, 4 problems',
    ])
  })

  await t.test('requests that it can’t answer', async (t) => {
    await writeFile(file('broken.txt'), 'a: [')
    await writeFile(file('latin1.yaml'), Buffer.from('a: gr\u00fcn', 'latin1'))
    const rows: readonly (readonly [args: readonly string[], says: RegExp])[] = [
      [[file('broken.txt')], /broken\.txt:1:\d+: /],
      [[file('latin1.yaml')], /latin1\.yaml: isn’t UTF-8, which kubectl expects/],
      [[file('nowhere.yaml')], /nowhere\.yaml: no such file or directory; check its spelling/],
      [['--kubernetes', '1.2', file('good.yaml')], /--kubernetes 1\.2: there are 1\.34, /],
      [['--registry', 'http://127.0.0.1:1', file('good.yaml')], /no registry answers.*--no-registry/],
      [['--registry', 'x', file('good.yaml')], /--registry x: not a URL/],
    ]
    for (const [args, says] of rows) {
      const { exitCode, stderr } = await check(...args)
      t.equal(exitCode, 2)
      t.match(stderr, says)
      t.equal(stderr.split('\n').length, 1, 'in one line')
    }
  })
})
