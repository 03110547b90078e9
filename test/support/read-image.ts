/** The one image that a store path is, for tests of kinds that are never an index. */
import type { StorePath } from '../../src/core/store-path.ts'
import { readRoot } from '../../src/source/detect.ts'
import type { Source, SourceOptions } from '../../src/source/source.ts'

export async function readImage(path: StorePath, options?: SourceOptions): Promise<Source> {
  const root = await readRoot(path, options)
  if ('shape' in root) throw new Error(`not one image: ${path}`)
  return root
}
