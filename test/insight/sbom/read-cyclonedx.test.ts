import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import type { Inventory } from '../../../src/insight/inventory/component.ts'
import { inventoryOf } from '../../../src/insight/inventory/inventory.ts'
import { cyclonedx } from '../../../src/insight/sbom/cyclonedx.ts'
import { readCyclonedx } from '../../../src/insight/sbom/read-cyclonedx.ts'
import { WEB, webDeps } from '../web.ts'

const bare = await inventoryOf(webDeps(), WEB)
const [layer] = bare.image.layers
if (layer === undefined) throw new Error('the image has a layer')
const full: Inventory = {
  ...bare,
  image: { ...bare.image, supplier: 'Example' },
  opaqueLayers: [layer],
  components: bare.components.map((component) => ({
    ...component,
    files: [{ name: 'bin/tool', sha1: 'ab'.repeat(20), sha256: 'cd'.repeat(32), isExecutable: true }],
    meta: {
      licences: [{ kind: 'spdx', expression: 'MIT AND (GPL-2.0-only OR ISC)' }],
      homepage: 'https://example.org/',
      description: 'A tool',
      cpe: 'cpe:2.3:a:example:tool:1.2:*:*:*:*:*:*:*',
      purl: 'pkg:pypi/tool@1.2',
      position: 'pkgs/tool.nix:1',
      supplier: 'Example',
      knownVulnerabilities: ['CVE-2024-1', 'is old'],
    },
  })),
}

void t.test('what is written is read back', async (t) => {
  for (const inventory of [bare, full]) t.strictSame(roundTrip(inventory), inventory)
})

void t.test('licences without a list entry keep their names', async (t) => {
  const named: Inventory = {
    ...bare,
    components: bare.components.map((component) => ({
      ...component,
      meta: {
        ...component.meta,
        licences: [
          { kind: 'spdx', expression: 'MIT' },
          { kind: 'named', name: 'A licence <b>' },
        ],
      },
    })),
  }
  t.strictSame(roundTrip(named), named)
})

void t.test('other documents are refused', async (t) => {
  for (const document of [
    null,
    [],
    {},
    { bomFormat: 'SPDX' },
    { bomFormat: 'CycloneDX', metadata: { component: { 'bom-ref': '/nix/store/x', version: '1' } } },
  ] satisfies Json[])
    t.throws(() => readCyclonedx('x.json', document), { kind: 'malformed', message: /^x\.json: / })
})

function roundTrip(inventory: Inventory): Inventory {
  return readCyclonedx('x.json', JSON.parse(JSON.stringify(cyclonedx(inventory))) as Json)
}
