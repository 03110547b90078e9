/** The parts that an image is made from, and the layers that result. */
import type { LayerDescriptor } from '../../core/oci/image.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { LayerSource } from '../../layer/worker.ts'
import type { ClosureFiles } from '../../source/files/closure-files.ts'
import type { ClosurePath } from '../../store/store.ts'
import type { UnpackedSlice } from './unpacked-slice.ts'

export type ImageLayer = LayerDescriptor & { readonly source: LayerSource | UnpackedSlice }

/** An image's store path, all paths that it needs, and the way to their files. */
export type ImageRoot = {
  readonly root: StorePath
  readonly closure: readonly ClosurePath[]
  readonly files: ClosureFiles
}
