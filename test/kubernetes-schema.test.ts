import { readFile } from 'node:fs/promises'
import { ExecaError } from 'execa'
import t from 'tap'
import {
  downloadKubernetes,
  kubernetesSchema,
  RELEASES,
  schemaFile,
  type Minor,
} from '../scripts/kubernetes-schema.ts'
import { kubernetesDefinitions } from '../scripts/kubernetes/definitions.ts'
import { kubernetesEnumerations } from '../scripts/kubernetes/enumerations.ts'
import { missing } from './support/requirement.ts'

const NEWEST: Minor = '1.37'

void t.test('what is checked in is what the script writes', { skip: missing('go') }, async (t) => {
  const downloaded = await downloadKubernetes(NEWEST).catch((error: unknown) => {
    if (!(error instanceof ExecaError)) throw error
    t.pass('the script', { skip: `needs Kubernetes' Go module: ${error.message.split('\n')[0]}` })
  })
  if (downloaded === undefined) return
  const text = await kubernetesSchema(NEWEST, downloaded)
  t.equal(text, await readFile(schemaFile(NEWEST), 'utf8'), 'else run: node scripts/kubernetes-schema.ts')
})

for (const minor of Object.keys(RELEASES).filter((key): key is Minor => key in RELEASES)) {
  void t.test(`Kubernetes ${minor}: every type that is named is there`, async (t) => {
    const text = await readFile(schemaFile(minor), 'utf8')
    const schema: unknown = JSON.parse(text)
    t.match(schema, {
      version: minor,
      kinds: {
        'v1/Pod': { definition: 'core.v1.Pod', scope: 'Namespaced' },
        'v1/Namespace': { scope: 'Cluster' },
        'apps/v1/Deployment': { definition: 'apps.v1.Deployment' },
        'networking.k8s.io/v1/Ingress': {},
        'apiextensions.k8s.io/v1/CustomResourceDefinition': { scope: 'Cluster' },
      },
      definitions: {
        'apps.v1.DeploymentSpec': { required: ['selector', 'template'] },
        'core.v1.ContainerPort': { properties: { protocol: { enum: ['SCTP', 'TCP', 'UDP'] } } },
        'core.v1.PersistentVolumeClaimSpec': { properties: { accessModes: { items: { enum: [/^Read/] } } } },
        'core.v1.PodSpec': { properties: { containers: { items: 'core.v1.Container', keys: ['name'] } } },
        'core.v1.ResourceRequirements': { properties: { limits: { additionalProperties: 'quantity' } } },
        'core.v1.ServicePort': { properties: { targetPort: 'intOrString' } },
      },
    })
    t.notMatch(text, /TokenReview|"core\.v1\.PodList"/, 'requests and lists are left out')
    const defined = new Set([...text.matchAll(/^"([^"]+)":\{"properties"/gm)].map((match) => match[1]))
    const named = new Set([...text.matchAll(/:"(\w+\.v\w+\.\w+)"/g)].map((match) => match[1]))
    t.ok(defined.size > 300)
    t.same(
      [...named].filter((name) => !defined.has(name)),
      [],
    )
    t.same(
      [...defined].filter((name) => !named.has(name)),
      [],
    )
  })
}

void t.test('a description that this form has no word for is an error', async (t) => {
  const pod = { group: '', version: 'v1', kind: 'Pod' }
  const describe = (property: object) =>
    kubernetesDefinitions(
      {
        paths: { '/api/v1/pods/{name}': { patch: { 'x-kubernetes-group-version-kind': pod } } },
        definitions: {
          'io.k8s.api.core.v1.Pod': {
            type: 'object',
            properties: { field: property },
            'x-kubernetes-group-version-kind': [pod],
          },
        },
      },
      new Map(),
    )
  t.same(describe({ type: 'integer', format: 'int32' }).definitions.get('core.v1.Pod'), {
    properties: { field: 'int32' },
  })
  t.throws(() => describe({ type: 'string', format: 'roman-numeral' }), /no word for .*roman-numeral/)
  t.throws(() => describe({ $ref: '#/definitions/io.k8s.api.core.v1.Gone' }), /Gone isn't defined/)
  t.throws(
    () =>
      kubernetesDefinitions(
        { paths: { '/x/{name}': { patch: { 'x-kubernetes-group-version-kind': pod } } }, definitions: {} },
        new Map(),
      ),
    /no definition of v1\/Pod/,
  )
})

void t.test('an enumeration that cannot be read is an error', async (t) => {
  t.same(
    kubernetesEnumerations(source('"A", "B"')),
    new Map([['core.v1.Pod', new Map([['field', ['A', 'B']]])]]),
  )
  t.throws(() => kubernetesEnumerations(source('Other, "B"')), /Other/)
})

/** A definition with one enumeration, as gofmt has it. */
function source(values: string): string {
  return `func schema_k8sio_api_core_v1_Pod(ref) {\n\t\t\t\t\t"field": {\n\t\t\t\t\t\t\tEnum: []interface{}{${values}},`
}
