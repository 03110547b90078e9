import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { checkObject } from '../../../src/kubernetes/check/check-objects.ts'
import { mistakes, serverSchema } from '../../support/server-verdicts.ts'
import { MANIFEST_PROBLEMS } from '../../fixtures/manifest-problems.ts'
import { evaluateAll, outcomes, refusal, root, withoutNix } from '../../nix/nix-command.ts'

const skip = withoutNix
/** One mistake in so many is compared: a second for Nix. */
const EACH = 4
const before = `let manifests = args: import ${root}manifests args; inherit (manifests { }) validate extend deployment; in`
const pod = (image: string) =>
  `{ apiVersion = "v1"; kind = "Pod"; metadata.name = "a"; spec.containers = [ { name = "a"; image = ${image}; } ]; }`
const misspelt = (args: string) =>
  `(manifests { ${args} }).validate [ { apiVersion = "v1"; kind = "ConfigMap"; metadata.name = "a"; dat = 1; } ]`
const gadget = (schemas: string) =>
  `(manifests { schemas = [ ${schemas} ]; }).validate [ { apiVersion = "example.org/v1"; kind = "Gadget"; metadata.name = "g"; spec.size = 9; } ]`
const web = 'deployment { name = "web"; containers.web.image = "example.org/web:1"; }'
const service = (more: string) => `manifest.service { name = "web"; ports.http = 80; ${more} }`
const statefulSet = (name: string) =>
  `manifest.statefulSet { name = "db"; serviceName = "${name}"; containers.db.image = "example.org/db:1"; }`
const limited = (memory: string) =>
  `validate [ (extend (${web}) { spec.template.spec.containers = [ { name = "web"; resources.limits.memory = ${memory}; } ]; }) ]`
const lostDigits = (text: string) =>
  `Deployment/web: spec.template.spec.containers[web].resources.limits.memory is 1.23457e+09, expected a string, ${text}: Nix writes six digits of a fraction`
const matches = (line: string, expected: string) =>
  expected.endsWith('…') ? line.startsWith(expected.slice(0, -1)) : line === expected

void t.test('mistakes of an object', { skip }, async (t) => {
  const file = join(t.testdir(), 'cases.json')
  await writeFile(file, JSON.stringify(MANIFEST_PROBLEMS.map(({ objects }) => objects)))
  const [found] = await evaluateAll([`map validate (builtins.fromJSON (builtins.readFile ${file}))`], before)
  for (const [i, { what, problems }] of MANIFEST_PROBLEMS.entries()) {
    const lines: unknown = Array.isArray(found) ? found[i] : undefined
    const isRight =
      Array.isArray(lines) &&
      lines.length === problems.length &&
      problems.every((expected, at) => matches(String(lines[at]), expected))
    if (isRight) t.pass(what)
    else t.same(lines, problems, what)
  }
})

void t.test('both checkers report the same mistakes', { skip }, async (t) => {
  const schema = await serverSchema()
  const made = (await mistakes()).filter((_, index) => index % EACH === 0).map(({ object }) => object)
  const file = join(t.testdir(), 'mistakes.json')
  await writeFile(file, JSON.stringify(made))
  const [found] = await evaluateAll(
    [
      `let inherit (manifests { kubernetes = "${schema.version}"; }) validate; in map (object: validate [ object ]) (builtins.fromJSON (builtins.readFile ${file}))`,
    ],
    before,
  )
  t.same(
    found,
    made.map((object) =>
      checkObject(schema, new Map(), object).map(
        ({ message, isWarning }) =>
          `${isWarning === true ? 'warning: ' : ''}${object.kind}/${object.metadata.name}: ${message}`,
      ),
    ),
  )
  t.ok(made.length > 1_000)
})

void t.test('values of Nix alone are refused for an image', { skip }, async (t) => {
  t.same(
    await evaluateAll(
      [`validate [ (${pod('hello')}) ]`, `validate [ (${pod('{ }')}) ]`, `validate [ (${pod('x: x')}) ]`],
      before,
    ),
    [
      ['Pod/a: spec.containers[a].image is a derivation, expected a reference: imageRef { image = ...; }'],
      ['Pod/a: spec.containers[a].image is an attribute set, expected a string'],
      ['Pod/a: spec.containers[a].image is a function, expected a string'],
    ],
  )
})

void t.test('a fraction that Nix would write with fewer digits', { skip }, async (t) => {
  t.same(await evaluateAll([limited('1234567890.5'), limited('0.5'), limited('"1234567890.5"')], before), [
    [lostDigits('"1234567890.5"')],
    [],
    [],
  ])
})

void t.test('each version has its own schema', { skip }, async (t) => {
  t.same(
    await evaluateAll(
      ['1.34', '1.35', '1.36', '1.37'].map((version) => misspelt(`kubernetes = "${version}";`)),
      before,
    ),
    Array.from({ length: 4 }, () => ['ConfigMap/a: dat is unknown, did you mean data?']),
  )
  t.same(await evaluateAll([misspelt('kubernetes = null;')], before), [[]], 'null checks nothing')
})

void t.test('definitions of what is in the cluster already', { skip }, async (t) => {
  const file = join(t.testdir(), 'gadgets.json')
  const definition = MANIFEST_PROBLEMS.find(({ what }) => what === 'a right custom resource')?.objects[0]
  await writeFile(file, JSON.stringify(definition))
  const problems = ['Gadget/g: spec.size is 9, expected a number up to 3']
  t.same(
    await evaluateAll([gadget(file), gadget(`(builtins.fromJSON (builtins.readFile ${file}))`)], before),
    [problems, problems],
  )
})

void t.test('nothing wrong is written', { skip }, async (t) => {
  const refusals: Record<string, readonly [expression: string, message: RegExp]> = {
    'the first problem, and how many more': [
      '(list "a" [ { apiVersion = "v1"; kind = "Pod"; metadata.name = "a"; a = 1; b = 1; spek = 1; } ]).drvPath',
      /^list: Pod\/a: a is unknown, expected one of apiVersion, kind, metadata, spec, status \(and 3 more\)$/,
    ],
    'a version that nobody has': [
      `((import ${root}manifests { kubernetes = "1.2"; }).list "a" [ { apiVersion = "v1"; kind = "A"; metadata.name = "a"; } ]).drvPath`,
      /^manifests: kubernetes is "1\.2", expected one of "1\.34", .*, or null for no check$/,
    ],
    'a version that is a number': [
      `((import ${root}manifests { kubernetes = 1.37; }).list "a" [ { apiVersion = "v1"; kind = "A"; metadata.name = "a"; } ]).drvPath`,
      /^manifests: kubernetes is 1\.37, expected one of/,
    ],
    'a schema that is none': [
      `((import ${root}manifests { schemas = [ { } ]; }).list "a" [ { apiVersion = "v1"; kind = "A"; metadata.name = "a"; } ]).drvPath`,
      /^manifests: an item of schemas is an attribute set, expected a CustomResourceDefinition/,
    ],
  }
  await Promise.all(
    Object.entries(refusals).map(async ([what, [expression, message]]) =>
      t.match(await refusal(expression), message, what),
    ),
  )
})

void t.test('contradictions are warnings', { skip }, async (t) => {
  const rows: Record<string, readonly [objects: string, warnings: readonly string[]]> = {
    'a Service and its Pods': [`(${web}) (${service('')})`, []],
    'a Service of none': [
      `(${web}) (${service('selector.app = "wed"; selector.tier = "x";')})`,
      ['warning: list: Service/web: spec.selector (app=wed, tier=x) finds no Pods among these objects'],
    ],
    'a Service of another namespace': [
      `(${web}) (manifest.pod { name = "a"; namespace = "n"; containers.a.image = "b"; }) (${service('namespace = "n";')})`,
      [
        'warning: list: Service/web: spec.selector (app.kubernetes.io/name=web) finds no Pods among these objects',
      ],
    ],
    'Services alone': [`(${service('')})`, []],
    'a Service without a selector': [`(${web}) (${service('selector = null;')})`, []],
    'a StatefulSet without its Service': [
      `(${statefulSet('db')})`,
      ['warning: list: StatefulSet/db: spec.serviceName is "db", a Service that is not among these objects'],
    ],
    'a StatefulSet and its Service': [
      `(${statefulSet('web')}) (${service('selector."app.kubernetes.io/name" = "db";')})`,
      [],
    ],
  }
  const found = await outcomes(
    Object.values(rows).map(([objects]) => `(manifest.list "a" [ ${objects} ]).drvPath`),
    `let manifest = import ${root}manifests { }; inherit (manifest) deployment; in`,
  )
  for (const [at, [what, [, warnings]]] of Object.entries(rows).entries())
    t.same(found[at]?.traces, warnings, what)
})
