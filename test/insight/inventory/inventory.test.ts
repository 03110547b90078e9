import t from 'tap'
import { inventoryOf } from '../../../src/insight/inventory/inventory.ts'
import { componentPurl, imagePurl } from '../../../src/insight/purl.ts'
import { GLIBC, TOOL, WEB, webDeps } from '../web.ts'

void t.test('a component has the facts that the store and its derivation have', async (t) => {
  const { roots, components } = await inventoryOf(webDeps(), WEB)
  t.strictSame(roots, [TOOL])
  t.strictSame(
    components.map(({ path }) => path),
    [TOOL, GLIBC],
  )
  const [tool, glibc] = components
  t.match(tool, {
    name: 'tool',
    version: '1.2',
    output: 'dev',
    references: [GLIBC],
    layer: { digest: WEB.layers[0]?.digest },
    sources: [{ url: 'https://example.org/tool-1.2.tar.gz', sha256: 'cd'.repeat(32) }],
    patches: [
      { name: 'fix-cve-2024-12345-and-CVE-2023-1111.patch', fixes: ['CVE-2023-1111', 'CVE-2024-12345'] },
    ],
  })
  t.match(glibc, { name: 'glibc', version: '2.38-44', sources: [], patches: [] }, 'by its name alone')
  t.equal(glibc?.output, undefined)
})

void t.test('package URLs', async (t) => {
  const {
    image,
    components: [component],
  } = await inventoryOf(webDeps(), WEB)
  if (component === undefined) return
  t.equal(componentPurl(component), `pkg:nix/tool@1.2?outputhash=${'2'.padStart(32, '0')}`)
  t.equal(
    componentPurl({ ...component, name: 'gtk+3', version: '1.0 (rc)' }),
    `pkg:nix/gtk%2B3@1.0%20%28rc%29?outputhash=${'2'.padStart(32, '0')}`,
  )
  t.equal(imagePurl(image), `pkg:oci/web.json@${WEB.manifest.digest.replace(':', '%3A')}`)
})
