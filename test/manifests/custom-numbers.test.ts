/** Whole numbers beyond 2^53 are only nearly known to the check: it says nothing that may be wrong of the real ones. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { checkObject, customKinds } from '../../src/kubernetes/check/check-objects.ts'
import { readObjects } from '../../src/kubernetes/read/read-objects.ts'
import { readSchema } from '../../src/kubernetes/check/schema.ts'

const SCHEMAS = fileURLToPath(new URL('../../manifests/schema', import.meta.url))
const DEFINITION = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                ids: {type: array, x-kubernetes-list-type: set, items: {type: integer}}
                below: {type: integer, maximum: 9007199254740992, exclusiveMaximum: true}
                even: {type: integer, multipleOf: 2}
                word: {type: integer, enum: [9007199254740993]}
---
apiVersion: example.org/v1
kind: Gadget
metadata: {name: g}
spec: `

void t.test('large whole numbers in a custom resource', async (t) => {
  const schema = await readSchema(SCHEMAS, '1.37')
  const rows: readonly (readonly [spec: string, problems: readonly string[]])[] = [
    ['{ids: [9007199254740992, 9007199254740993, 9223372036854775807]}', []],
    ['{below: 9007199254740991, even: 9007199254740994, word: 9007199254740993}', []],
    ['{even: 9007199254740991}', ['spec.even is 9007199254740991, expected a multiple of 2']],
    ['{ids: [1e300]}', ['spec.ids[0] is 1e+300, expected a whole number']],
  ]
  for (const [spec, problems] of rows) {
    const objects = readObjects(`${DEFINITION}${spec}\n`, 'a.yaml').objects.map(({ object }) => object)
    const customs = customKinds(objects)
    const found = objects.flatMap((object) => checkObject(schema, customs, object))
    t.same(
      found.map(({ message }) => message),
      problems,
      spec,
    )
  }
})
