/** OCI layouts in the store, of images of one small layer. */
import type { StorePath } from '../../src/core/nix/store-path.ts'
import type { Root } from '../../src/source/detect.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { LayoutBuilder } from '../support/layout-builder.ts'

/** A layout as a store path. */
export function layout(fill: (builder: LayoutBuilder) => Promise<unknown>): Promise<StorePath> {
  return makeStorePath('unit-layout', async (path) => fill(new LayoutBuilder(path)))
}

/** The digest that is served: of the one manifest, or of the index. */
export function digestOf(root: Root): string | undefined {
  if (root.kind === 'image') return root.manifest?.digest
  return root.kind === 'index' ? root.index.digest : undefined
}

/** @param text makes it another image. */
export const simple = async (builder: LayoutBuilder, text = 'x') =>
  builder.image('amd64', [await builder.layer('file', text)])
