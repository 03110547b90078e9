import { createHash } from 'node:crypto'
import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import { inventoryOf } from '../../../src/insight/inventory/inventory.ts'
import { cyclonedx } from '../../../src/insight/sbom/cyclonedx.ts'
import { spdx } from '../../../src/insight/sbom/spdx.ts'
import { GLIBC, IMAGE, TOOL, WEB, webDeps } from '../web.ts'

const inventory = await inventoryOf(webDeps(), WEB)

void t.test('CycloneDX has components, edges, sources, patches and layers', async (t) => {
  t.match(cyclonedx(inventory), {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    metadata: { component: { type: 'container', version: WEB.manifest.digest } },
    components: [
      {
        'bom-ref': TOOL,
        name: 'tool',
        version: '1.2',
        externalReferences: [
          {
            type: 'source-distribution',
            url: 'https://example.org/tool-1.2.tar.gz',
            hashes: [{ alg: 'SHA-256' }],
          },
        ],
        pedigree: { patches: [{ type: 'unofficial', resolves: [{ id: 'CVE-2023-1111' }, {}] }] },
      },
      { 'bom-ref': GLIBC, name: 'glibc', version: '2.38-44' },
    ],
    dependencies: [
      { ref: IMAGE, dependsOn: [TOOL] },
      { ref: TOOL, dependsOn: [GLIBC] },
      { ref: GLIBC, dependsOn: [] },
    ],
  })
})

void t.test('SPDX has packages, and reaches each from the document', async (t) => {
  t.match(spdx(inventory), {
    spdxVersion: 'SPDX-2.3',
    packages: [{ name: 'web.json' }, { name: 'tool', versionInfo: '1.2' }, { name: 'glibc' }],
    relationships: [
      { relationshipType: 'DESCRIBES' },
      { relationshipType: 'DEPENDS_ON' },
      { relationshipType: 'DEPENDS_ON' },
    ],
  })
})

void t.test('the same closure has the same bytes, which are pinned', async (t) => {
  const again = await inventoryOf(webDeps(), WEB)
  for (const [write, expected] of [
    [cyclonedx, '6bbe85be311ff91bb5a3f153a7772298c25832876812df3cb72626dd2b689187'],
    [spdx, '3cf779b66f3e5b851cde4f7f4a3a0b1a539b7b268fc46429d3baf667ac5a762d'],
  ] as const) {
    t.equal(JSON.stringify(write(again)), JSON.stringify(write(inventory)))
    t.equal(hashOf(write(inventory)), expected, 'a change of the bytes is a new version of the document')
  }
})

void t.test('nothing of the build is shown but names, versions, URLs and hashes', async (t) => {
  for (const document of [cyclonedx(inventory), spdx(inventory)])
    t.notMatch(JSON.stringify(document), /secret/)
})

function hashOf(document: Json): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex')
}

void t.test('a package that is served as an image is a component beside it', async (t) => {
  const whole = { ...inventory, image: { ...inventory.image, root: TOOL } }
  const { metadata, components } = cyclonedx(whole) as unknown as {
    metadata: { component: { 'bom-ref': string } }
    components: { 'bom-ref': string }[]
  }
  const refs = [metadata.component, ...components].map((one) => one['bom-ref'])
  t.equal(new Set(refs).size, refs.length)
  const { packages } = spdx(whole) as unknown as { packages: { SPDXID: string }[] }
  t.equal(new Set(packages.map(({ SPDXID }) => SPDXID)).size, packages.length)
})
