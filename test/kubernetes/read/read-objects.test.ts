import t from 'tap'
import { readObjects } from '../../../src/kubernetes/read/read-objects.ts'
import { processorMs } from '../../support/processor-time.ts'

const read = (text: string) => {
  const { objects, problems } = readObjects(text, 'x.yaml')
  return {
    objects: objects.map(({ object }) => object),
    problems: problems.map(({ line, message }) => `${line}: ${message}`),
  }
}
const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'good' } }
const text = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: good}\n'

void t.test('every problem of every document is told, and the other objects are read', async (t) => {
  t.same(
    read(
      `apiVersion: v1\nkind: Namespace\nmetadata: {name: no}\n---\n${text}---\na: [\n---\nx\n---\nkind: Pod\n`,
    ),
    {
      objects: [namespace],
      problems: [
        '3: metadata.name: no is read as the boolean false: write "no"',
        '10: Flow sequence in block collection must be sufficiently indented and end with a ]',
        '11: expected a Kubernetes object',
        '13: expected an object with apiVersion',
      ],
    },
  )
})

void t.test('a text that YAML reads as another type is reported', async (t) => {
  for (const [value, told] of [
    ['no', 'no is read as the boolean false: write "no"'],
    ['0o550', '0o550 is read as the number 360: write "0o550"'],
    ['1_000', '1_000 is read as the number 1000: write "1_000"'],
    ['360', undefined],
    ['"no"', undefined],
    ['text', undefined],
  ] as const) {
    const { objects } = readObjects(`${text}data: {a: ${value}}`, 'x.yaml')
    t.equal(objects[0]?.misreadAt(['data', 'a']), told, value)
  }
})

void t.test('lists are what they hold', async (t) => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }
  for (const [list, objects] of [
    ['{kind: List, apiVersion: v1, items: []}', []],
    ['{kind: List, apiVersion: v1, items: }', []],
    ['{kind: ConfigMapList, apiVersion: v1, items: [{metadata: {name: x}}]}', [map]],
    [
      '{kind: ConfigMapList, apiVersion: v2, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}]}',
      [map],
    ],
    [
      '{kind: List, apiVersion: v1, items: [{kind: ConfigMapList, apiVersion: v1, items: [{metadata: {name: x}}]}]}',
      [map],
    ],
    ['null', []],
    ['# nothing', []],
  ] as const) {
    t.same(read(list), { objects, problems: [] }, list)
  }
})

void t.test('lines are those of the file, through lists, aliases and merged keys', async (t) => {
  const { objects } = readObjects(
    `${text}---\nkind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: A\n  x: &x\n    k: 1\n  z: *x\n  m: {<<: *x}\n  metadata:\n    name: a\n`,
    'x.yaml',
  )
  const [, second] = objects
  t.equal(second?.lineOf([]), 8)
  t.equal(second?.lineOf(['x', 'k']), 11)
  t.equal(second?.lineOf(['z', 'k']), 11)
  t.equal(second?.lineOf(['m', 'k']), 11)
  t.equal(second?.lineOf(['m', 'absent']), 13)
})

void t.test('hostile texts are read within bounds', async (t) => {
  const levels = Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]\n`)
  for (const [what, hostile, problems] of [
    ['aliases that multiply', `a0: &a0 [x, x]\n${levels.join('')}`, 1],
    ['keys twice', 'a: 1\n'.repeat(150_000), 150_000],
    ['brackets', '{"a":'.repeat(100_000), 1],
    ['digits', `a: ${'1'.repeat(1_000_000)}`, 1],
    ['underscores', `a: 1${'_'.repeat(1_000_000)}`, 1],
    ['escapes', `a: "${'\\\\'.repeat(500_000)}\\/"`, 1],
    ['empty lines before a directive', `${'\n'.repeat(500_000)}%x`, 1],
  ] as const) {
    const taken = processorMs(() => t.equal(readObjects(hostile, 'x.yaml').problems.length, problems, what))
    t.ok(taken < 20_000, what)
  }
})
