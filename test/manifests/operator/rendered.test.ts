/** What is checked in as YAML is what Nix gives, and the kinds are described for `kubectl explain`. */
import { readFile, readdir } from 'node:fs/promises'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { listAt, fieldAt, textAt } from '../../../src/core/json-fields.ts'
import { isObject, type Json } from '../../../src/core/json.ts'
import { renderOperator } from '../../../scripts/render-operator.ts'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'

const DIRECTORY = `${root}manifests/operator/rendered/`

void t.test('the rendered YAML', { skip: withoutNix }, async (t) => {
  const rendered = await renderOperator()
  const objects = Object(await evaluate(`import ${root}manifests/operator/rendered.nix`)) as Record<
    string,
    unknown[]
  >
  t.same((await readdir(DIRECTORY)).toSorted(), [...rendered.keys()].toSorted())
  for (const [name, text] of rendered) {
    const checkedIn = await readFile(`${DIRECTORY}${name}`, 'utf8')
    t.equal(checkedIn, text, `${name}; else run: node scripts/render-operator.ts`)
    t.same(
      parseAllDocuments(checkedIn).map((document) => document.toJS()),
      objects[name],
    )
  }
})

void t.test('each field has a description', async (t) => {
  const documents = parseAllDocuments(await readFile(`${DIRECTORY}operator.yaml`, 'utf8'))
  const kinds = documents
    .map((one) => one.toJS() as Json)
    .filter((one) => textAt(one, 'kind') === 'CustomResourceDefinition')
  t.equal(kinds.length, 2)
  for (const kind of kinds)
    for (const version of listAt(kind, 'spec', 'versions'))
      t.same(undescribed(fieldAt(version, 'schema', 'openAPIV3Schema'), ''), [])
})

/** The paths of fields without a description. */
function undescribed(schema: Json | undefined, path: string): readonly string[] {
  const own = textAt(schema, 'description') === undefined && !path.endsWith('[]') ? [path] : []
  const properties = fieldAt(schema, 'properties')
  const fields = isObject(properties) ? Object.entries(properties) : []
  const items = fieldAt(schema, 'items')
  return [
    ...own,
    ...fields.flatMap(([name, field]) => undescribed(field, `${path}.${name}`)),
    ...(items === undefined ? [] : undescribed(items, `${path}[]`)),
  ]
}
