/** Where the check of custom resources and a real API server differ, about random schemas and values for them. */
import type { Json } from '../../src/core/json.ts'
import { checkObject, customKinds, type KubernetesObject } from '../../src/kubernetes/check/check-objects.ts'
import type { KubernetesSchema } from '../../src/kubernetes/check/schema.ts'
import { randomSchema, valueFor, type Schema } from '../support/custom-schemas.ts'
import { establish, type KubernetesClient } from '../support/kubernetes-client.ts'
import { seededRandom } from '../seeded-random.ts'

type Differences = {
  readonly pairs: number
  readonly refused: number
  readonly differences: readonly string[]
}

const SCHEMAS = 150
const VALUES = 12
const GROUP = 'random.example.org'
const LIST = `/apis/${GROUP}/v1/gadgets`

/** All schemas are in one definition, each in a field of its own: to establish one takes far longer than to ask about a value. */
export async function customDifferences(
  client: KubernetesClient,
  kubernetes: KubernetesSchema,
  seed: number,
): Promise<Differences> {
  const random = seededRandom(seed)
  const all = Array.from({ length: SCHEMAS }, (_, i): [string, Schema] => [`p${i}`, randomSchema(random)])
  const schemas = await establishThose(client, new Map(all))
  const differences: string[] = []
  let refused = 0
  for (const [key, schema] of schemas) {
    const customs = customKinds([definitionOf(new Map([[key, schema]]))])
    for (let i = 0; i < VALUES; i++) {
      const object = gadgetWith({ [key]: { v: valueFor(random, schema) } })
      const { status, body } = await client.post(LIST, object)
      const problems = checkObject(kubernetes, customs, object)
      if (status !== 201) refused += 1
      if ((status !== 201) !== problems.length > 0)
        differences.push(
          JSON.stringify({ schema, object, problems, answer: status === 201 ? 'taken' : body }),
        )
    }
  }
  return { pairs: schemas.size * VALUES, refused, differences }
}

/** Without the schemas that the server doesn't take, such as those with a wrong default. */
async function establishThose(
  client: KubernetesClient,
  schemas: ReadonlyMap<string, Schema>,
): Promise<ReadonlyMap<string, Schema>> {
  const refusal = await establish(client, definitionOf(schemas), LIST)
  if (refusal === undefined) return schemas
  const bad = new Set(Array.from(JSON.stringify(refusal.body).matchAll(/\[(p\d+)\]/g), ([, key]) => key))
  const rest = new Map([...schemas].filter(([key]) => !bad.has(key)))
  if (rest.size === schemas.size) throw new Error(JSON.stringify(refusal.body))
  return establishThose(client, rest)
}

/** Each value is one level deeper, so that a default isn't filled in for all others. */
function definitionOf(schemas: ReadonlyMap<string, Schema>): Json {
  const properties = [...schemas].map(([key, v]) => [key, { type: 'object', properties: { v } }] as const)
  const spec = { type: 'object', properties: Object.fromEntries(properties) }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gadgets.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Cluster',
      names: { kind: 'Gadget', plural: 'gadgets' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  }
}

function gadgetWith(spec: Json): KubernetesObject {
  return { apiVersion: `${GROUP}/v1`, kind: 'Gadget', metadata: { name: 'g' }, spec }
}
