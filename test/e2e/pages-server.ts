/** A server with the pages of two synthetic images: one of 600 components, and a small one. */
import type { Test } from 'tap'
import { storeHashOf } from '../../src/core/nix/store-path.ts'
import { appWithJournal } from '../http/pages/pages-app.ts'
import { hashOf, inventoryOf, pageImage, ROOT, provenanceOf } from '../http/pages/synthetic-image.ts'
import { storePath } from '../store-path.ts'

/** The page of the image of 600 components. */
export const PAGE = `/images/${storeHashOf(ROOT)}`
export const SMALL = storePath(`${hashOf(2)}-small`)

/** Ends with the test. */
export async function startPages(t: Test) {
  const small = inventoryOf(30)
  const images = [
    pageImage(inventoryOf(600)),
    pageImage(
      { ...small, image: { ...small.image, root: SMALL } },
      {
        vulnerabilities: [
          { id: 'CVE-2030-0001', component: small.components[0]?.path ?? ROOT, severity: 'high' },
        ],
        provenance: provenanceOf('ssh-ng://builder', {
          name: 'web.tar.gz',
          url: 'https://example.org/web.tar.gz',
        }),
      },
    ),
  ]
  const known = images.map(({ inventory }) => ({
    root: inventory.image.root,
    artifact: undefined,
    pulledMs: Date.UTC(2030, 0, 1),
  }))
  const { app, journal } = appWithJournal(t, { images, known })
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), journal }
}
