import { fileURLToPath } from 'node:url'
import t from 'tap'
import {
  checkObject,
  customKinds,
  type KubernetesObject,
} from '../../../src/kubernetes/check/check-objects.ts'
import { kubernetesVersions, readSchema } from '../../../src/kubernetes/check/schema.ts'
import { MANIFEST_PROBLEMS } from '../../fixtures/manifest-problems.ts'

const directory = fileURLToPath(new URL('../../../manifests/schema', import.meta.url))

void t.test('mistakes of an object, as Nix reports them', async (t) => {
  const schema = await readSchema(directory, '1.37')
  for (const { what, objects, problems } of MANIFEST_PROBLEMS) {
    const customs = customKinds(objects)
    const lines = objects.flatMap((object) => {
      const whole = object as KubernetesObject
      return checkObject(schema, customs, whole).map(
        ({ message, isWarning }) =>
          `${isWarning === true ? 'warning: ' : ''}${whole.kind}/${whole.metadata.name}: ${message}`,
      )
    })
    const expected = problems.map((line, i) =>
      line.endsWith('…') && lines[i]?.startsWith(line.slice(0, -1)) === true ? lines[i] : line,
    )
    t.same(lines, expected, what)
  }
})

void t.test('a problem has the path of its value', async (t) => {
  const schema = await readSchema(directory, '1.37')
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [container('a'), { ...container('b'), tty: 1 }] },
  }
  t.same(
    checkObject(schema, new Map(), pod).map(({ path }) => path),
    [['spec', 'containers', 1, 'tty']],
  )
})

void t.test('whole numbers have 64 bits at most', async (t) => {
  const schema = await readSchema(directory, '1.37')
  t.same(checkObject(schema, new Map(), podThatEndsIn(2 ** 53)), [])
  t.match(checkObject(schema, new Map(), podThatEndsIn(2 ** 64)), [
    {
      message:
        'spec.terminationGracePeriodSeconds is 18446744073709552000, expected a whole number of 64 bits',
    },
  ])
})

void t.test('all versions can be read', async (t) => {
  const versions = await kubernetesVersions(directory)
  t.same(versions, ['1.34', '1.35', '1.36', '1.37'])
  for (const version of versions) {
    const schema = await readSchema(directory, version)
    t.equal(schema.version, version)
    t.ok(schema.kinds['apps/v1/Deployment'])
  }
})

function container(name: string) {
  return { name, image: 'example.org/web:1' }
}

function podThatEndsIn(seconds: number) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [container('a')], terminationGracePeriodSeconds: seconds },
  }
}
