/**
 * How the store paths of a layer are written, where an image says it: with the tar of the tool that made the image,
 * its owners and its places. Plain data, so that it can go to a worker thread and be part of what a layer is known by.
 */
import type { ByteString } from '../byte-string.ts'
import { goHeader } from './go-tar.ts'
import { pythonHeader, pythonTrailerSize } from './python-tar.ts'
import { tarHeader, type TarAttributes, type TarEntry } from './tar-header.ts'
import { TRAILER_SIZE } from './ustar-block.ts'

export type LayerStyle = StreamedStyle | Nix2containerStyle

/** nixpkgs' `stream_layered_image.py`: absolute names, one owner, one time. */
export type StreamedStyle = { readonly kind: 'streamed'; readonly attributes: Required<TarAttributes> }

/** nix2container's `nix/tar.go`. */
export type Nix2containerStyle = {
  readonly kind: 'nix2container'
  /** One for each path of the layer; nothing for what stays where and as it is. */
  readonly options: readonly (PathOptions | undefined)[]
}

/** Regular expressions are Go's (RE2), and search in the absolute path of a file. */
export type PathOptions = {
  /** Replaces every match in the file's path; what is left of it is its place in the image. */
  readonly rewrite?: { readonly regex: string; readonly replacement: string }
  /** In order: a later one wins, field by field. */
  readonly permissions: readonly Permission[]
}

export type Permission = {
  readonly regex: string
  readonly mode?: number
  readonly uid: number
  readonly gid: number
  readonly uname?: ByteString
  readonly gname?: ByteString
}

/** Writes the parts of a tar in the format of one program. */
export type TarDialect = {
  readonly header: (entry: TarEntry) => Uint8Array
  /** Zeros behind the last entry. @param size bytes before. */
  readonly trailerSize: (size: number) => number
}

export const FORMAT_1: TarDialect = { header: tarHeader, trailerSize: () => TRAILER_SIZE }

const DIALECT = {
  streamed: { header: pythonHeader, trailerSize: pythonTrailerSize },
  nix2container: { header: goHeader, trailerSize: () => TRAILER_SIZE },
} as const satisfies Record<LayerStyle['kind'], TarDialect>

export function dialectOf(style: LayerStyle | undefined): TarDialect {
  return style === undefined ? FORMAT_1 : DIALECT[style.kind]
}
