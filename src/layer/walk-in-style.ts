/** The entries of a layer whose image says how its store paths are written: whose they are, when made, and where. */
import {
  absolutePath,
  asByteString,
  bytesOf,
  childPath,
  displayPath,
  encodeText,
  type ByteString,
} from '../core/byte-string.ts'
import { posix } from 'node:path'
import { RegistryError } from '../core/errors/errors.ts'
import { goRegexp, type GoRegexp } from './go-regexp.ts'
import type {
  LayerStyle,
  Nix2containerStyle,
  PathOptions,
  Permission,
  StreamedStyle,
} from '../core/tar/layer-style.ts'
import type { StoreDirectory } from '../core/nix/store-directory.ts'
import type { LayerEntry } from '../core/tar/segment.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import type { TarAttributes } from '../core/tar/tar-header.ts'
import { WHITEOUT_PREFIX, walkLayerPath, walkStorePaths } from './walk.ts'

/**
 * @param directory the files of the store.
 * @throws RegistryError `unservable` for what a layer can't hold, `unavailable` when a path vanished.
 */
export function walkInStyle(
  paths: readonly StorePath[],
  style: LayerStyle,
  directory: StoreDirectory,
): Generator<LayerEntry> {
  switch (style.kind) {
    case 'streamed':
      return streamed(paths, style, directory)
    case 'nix2container':
      return nix2container(paths, style, directory)
  }
}

/** `archive_paths_to` of stream_layered_image.py. */
function* streamed(
  paths: readonly StorePath[],
  { attributes }: StreamedStyle,
  directory: StoreDirectory,
): Generator<LayerEntry> {
  for (const entry of walkStorePaths(paths, directory)) {
    const name = absolutePath(entry.name)
    yield { ...entry, name, attributes, ...(entry.kind === 'file' ? { source: name } : {}) }
  }
}

/** Most are files: a map for the children of each would be the most of what a large tree takes. */
type Node = { placed?: Placed; children?: Map<ByteString, Node> }
/** A file of the store and what is said of its path. */
type Placed = { readonly entry: LayerEntry; readonly options: PathOptions | undefined }

const ROOT_NAME = asByteString('root')
const NIX2CONTAINER_ROOT: TarAttributes = { uid: 0, gid: 0, uname: ROOT_NAME, gname: ROOT_NAME }
const NIX2CONTAINER_DIRECTORY_MODE = 0o755

/** `TarPaths` of nix2container: a tree of all files by their place in the image first, then each directory sorted. */
function* nix2container(
  paths: readonly StorePath[],
  { options }: Nix2containerStyle,
  directory: StoreDirectory,
): Generator<LayerEntry> {
  const root: Node = {}
  for (const [i, path] of paths.entries()) {
    const own = options[i]
    const placeOf = placement(path, own)
    for (const entry of walkLayerPath(path, directory)) {
      const place = placeOf(entry.name)
      if (place !== '') put(root, place, { entry, options: own })
    }
  }
  const regexps = new Map<string, GoRegexp>()
  yield* flatten(root, undefined, regexps)
}

/**
 * Returns the function that places the files of a path.
 * @returns from a name below `/` to a place in the image, or nothing for nowhere.
 */
function placement(path: StorePath, options: PathOptions | undefined): (name: ByteString) => ByteString {
  const rewrite = options?.rewrite
  if (rewrite === undefined || rewrite.regex === '') return absolutePath
  const { regex, replacement } = rewrite
  // What buildImage's copyToRoot says. Also right for names that are no UTF-8, and a dot in it matches itself first.
  if (regex === `^${path}` && !/[+?]/.test(path) && !replacement.includes('$'))
    return (name) => asByteString(encodeText(replacement) + absolutePath(name).slice(path.length))
  const regexp = compiled(path, regex)
  return (name) => encodeText(regexp.replaceAll(utf8(name), replacement))
}

function put(root: Node, place: ByteString, placed: Placed): void {
  const parts = posix
    .normalize(place)
    .replace(/(?<=.)\/$/, '')
    .split('/')
    .map(asByteString)
  const names = place === '/' || parts.every((part) => part === '') ? [asByteString('')] : parts
  if (names.some((part, i) => part === '.' || part === '..' || part.includes('\0') || (part === '' && i > 0)))
    refuse(placed, `cannot be put at ${displayPath(place)}`)
  if (names.some((part) => part.startsWith(WHITEOUT_PREFIX)))
    refuse(placed, 'a layer cannot hold a file named .wh.*')
  let node = root
  for (const name of names) {
    node.children ??= new Map<ByteString, Node>()
    const child: Node = node.children.get(name) ?? {}
    node.children.set(name, child)
    node = child
  }
  if (node.placed !== undefined && !isSame(node.placed, placed))
    refuse(placed, `another file with other attributes is at ${displayPath(place)} already`)
  node.placed = placed
}

/** As much as nix2container compares; of two files that seem to be the same the later one is taken. */
function isSame({ entry: a, options: had }: Placed, { entry: b, options }: Placed): boolean {
  const isSameFile = a.kind === 'file' && b.kind === 'file' ? a.size === b.size : a.kind === b.kind
  return (
    isSameFile &&
    a.mode === b.mode &&
    (had === undefined ||
      JSON.stringify(had.permissions) === JSON.stringify(options?.permissions ?? 'none said'))
  )
}

/** @param at the directory's own name; none for what holds `/`. */
function* flatten(
  { children = new Map<ByteString, Node>() }: Node,
  at: ByteString | undefined,
  regexps: Map<string, GoRegexp>,
): Generator<LayerEntry> {
  for (const key of [...children.keys()].sort()) {
    const node = children.get(key)
    if (node === undefined) continue
    const name = placeIn(at, key)
    if (node.placed === undefined) {
      yield { kind: 'directory', name, mode: NIX2CONTAINER_DIRECTORY_MODE, attributes: NIX2CONTAINER_ROOT }
    } else {
      if (node.placed.entry.kind !== 'directory' && (node.children?.size ?? 0) > 0)
        refuse(node.placed, `is no directory, and others are put below it`)
      yield withPermissions(node.placed, name, regexps)
    }
    yield* flatten(node, name, regexps)
  }
}

/** The name of a child of `at`: the first has no parent, and is `/` or relative. */
function placeIn(at: ByteString | undefined, key: ByteString): ByteString {
  if (at === undefined) return key === '' ? asByteString('/') : key
  return at === '/' ? absolutePath(key) : childPath(at, key)
}

function withPermissions(
  { entry, options }: Placed,
  name: ByteString,
  regexps: Map<string, GoRegexp>,
): LayerEntry {
  const source = absolutePath(entry.name)
  let attributes = NIX2CONTAINER_ROOT
  let mode = entry.mode
  for (const permission of options?.permissions ?? []) {
    const regexp = regexps.get(permission.regex) ?? compiled(source, permission.regex)
    regexps.set(permission.regex, regexp)
    if (!regexp.isIn(displayPath(source))) continue
    attributes = { ...attributes, ...ownerOf(permission) }
    mode = permission.mode ?? mode
  }
  if (entry.kind === 'symlink') return { ...entry, name, attributes, ...(mode === undefined ? {} : { mode }) }
  return {
    ...entry,
    name,
    attributes,
    mode: mode ?? entry.mode,
    ...(entry.kind === 'file' ? { source } : {}),
  }
}

function ownerOf({ uid, gid, uname, gname }: Permission): TarAttributes {
  return { uid, gid, ...(uname === undefined ? {} : { uname }), ...(gname === undefined ? {} : { gname }) }
}

function compiled(path: ByteString, regex: string): GoRegexp {
  try {
    return goRegexp(regex)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RegistryError('unservable', `${displayPath(path)}: ${why}`, { cause })
  }
}

function utf8(name: ByteString): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(absolutePath(name)))
  } catch (cause) {
    throw new RegistryError(
      'unservable',
      `${displayPath(absolutePath(name))}: cannot be rewritten, it is no UTF-8`,
      {
        cause,
      },
    )
  }
}

function refuse({ entry }: Placed, why: string): never {
  const path = displayPath(absolutePath(entry.name))
  throw new RegistryError('unservable', `${path}: ${why}`, { detail: { path } })
}
