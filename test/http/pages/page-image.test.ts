import t from 'tap'
import { storeHashOf } from '../../../src/core/nix/store-path.ts'
import type { Artifact } from '../../../src/registry/artifact/image-index.ts'
import { pageImages } from '../../../src/http/pages/page-image.ts'
import { imagePage } from '../../../src/http/pages/image/image-page.ts'
import { componentPage } from '../../../src/http/pages/image/component-page.ts'
import { markupBytes } from '../../../src/http/pages/markup.ts'
import { inventoryOf } from '../../../src/insight/inventory/inventory.ts'
import { provenanceOf } from './synthetic-image.ts'
import { IMAGE, TOOL, WEB, webDeps } from '../../insight/web.ts'

const REFERENCE = { storeHash: storeHashOf(IMAGE), slug: undefined }

/** Pages of one image. */
function pagesOfWeb(artifact: Artifact = WEB) {
  const imageOf = pageImages({
    artifact: async () => artifact,
    image: async (_reference, _tag, platform) => ({ ...WEB, platform }),
    inventoryOf: (image) => inventoryOf(webDeps(), image),
    findingsOf: async () => undefined,
    provenanceOf: async () => provenanceOf('ssh-ng://builder', { name: 'a', url: 'https://example.org/a' }),
  })
  return { imageOf: (platform?: string) => imageOf(REFERENCE, 'latest', platform) }
}

/** An index of images for these platforms. */
function indexOf(...names: readonly string[]): Artifact {
  return {
    root: WEB.root,
    kind: 'index',
    format: 'multi-platform image',
    manifest: WEB.manifest,
    documents: [],
    missing: [],
    images: names.map((name) => {
      const [os = '', architecture = '', variant] = name.split('/')
      const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) }
      return { manifest: WEB.manifest, platform, blobs: new Set(), make: async () => WEB }
    }),
  }
}

void t.test('of an index the image for a platform is chosen', async (t) => {
  for (const [names, wanted, chosen] of [
    [['linux/arm64', 'linux/amd64'], undefined, 'linux/amd64'],
    [['linux/arm64', 'linux/amd64'], 'linux/arm64', 'linux/arm64'],
    [['linux/arm64', 'linux/arm/v7'], undefined, 'linux/arm64'],
    [['linux/arm64', 'linux/arm/v7'], 'linux/arm/v7', 'linux/arm/v7'],
    [['linux/arm64'], 'linux/amd64', undefined],
    [[], undefined, undefined],
  ] as const) {
    const { imageOf } = pagesOfWeb(indexOf(...names))
    if (chosen === undefined)
      await t.rejects(imageOf(wanted), { name: 'RegistryError', kind: 'manifest-unknown' })
    else t.match(await imageOf(wanted), { platform: chosen, platforms: names })
  }
})

void t.test('pages have what is known of a build, and none of its secrets', async (t) => {
  const image = await pagesOfWeb().imageOf()
  const page = { address: { reference: REFERENCE, tag: 'latest' }, image, host: 'registry.example.org' }
  const whole = markupBytes(imagePage(page)).toString()
  const tool = markupBytes(componentPage(page, storeHashOf(TOOL))).toString()
  for (const text of [whole, tool]) t.notMatch(text, /secret|TOKEN/)
  t.match(whole, 'patched: CVE-2023-1111, CVE-2024-12345')
  t.match(tool, 'https://example.org/tool-1.2.tar.gz')
})
