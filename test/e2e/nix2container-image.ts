/** Images in the format of nix2container, of layers that it needn't have made. */
import { storeFile } from '../support/store-file.ts'

export const TAR = 'application/vnd.oci.image.layer.v1.tar'
export const NOT_RECORDED = `sha256:${'0'.repeat(64)}`

export type Layer = Readonly<Record<string, unknown>>

/** A layer of store paths, as the registry is to write it. */
export const pathsLayer = (paths: readonly unknown[]): Layer => ({
  digest: NOT_RECORDED,
  size: 1,
  diff_ids: NOT_RECORDED,
  paths,
  mediatype: TAR,
  History: { created_by: 'nix2container' },
})

/** A layer that is a tar in the store, alone. */
export const stored = (file: string, more: object = {}) => [
  { digest: NOT_RECORDED, size: 0, diff_ids: NOT_RECORDED, mediatype: TAR, 'layer-path': file, ...more },
]

/** An image of these layers, as a file that refers to what it needs. */
export async function imageOf(
  layers: readonly Layer[] | null,
  references: readonly string[],
  fields: object = {},
): Promise<string> {
  const json = {
    version: 1,
    'image-config': {},
    layers,
    arch: 'amd64',
    created: '0001-01-01T00:00:00Z',
    ...fields,
  }
  return storeFile('image-test.json', JSON.stringify(json, undefined, '\t'), { references })
}
