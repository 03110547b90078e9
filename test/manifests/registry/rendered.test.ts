/** What is checked in as YAML is what Nix gives, byte by byte and as objects. */
import { readFile, readdir } from 'node:fs/promises'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { renderRegistry } from '../../../scripts/render-registry.ts'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'

const DIRECTORY = `${root}manifests/registry/rendered/`

void t.test('the rendered YAML', { skip: withoutNix }, async (t) => {
  const rendered = await renderRegistry()
  const objects = Object(await evaluate(`import ${root}manifests/registry/rendered.nix`)) as Record<
    string,
    unknown[]
  >
  t.same(
    (await readdir(DIRECTORY)).toSorted(),
    [...rendered.keys()].toSorted(),
    'no file too few or too many',
  )
  for (const [name, text] of rendered) {
    const checkedIn = await readFile(`${DIRECTORY}${name}`, 'utf8')
    t.equal(checkedIn, text, `${name}; else run: node scripts/render-registry.ts`)
    const documents = parseAllDocuments(checkedIn)
    t.same(
      documents.map((document) => document.toJS()),
      objects[name],
      `${name} has the objects`,
    )
  }
})
