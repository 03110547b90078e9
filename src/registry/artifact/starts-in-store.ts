/** Decides whether the program that an image starts is in the store: by its config, and the links among its files. */
import { asByteString, encodeText, type ByteString } from '../../core/byte-string.ts'
import { isList, type Json } from '../../core/json.ts'
import { STORE_DIR, storePathAround, type StorePath } from '../../core/nix/store-path.ts'
import type { LayerEntry } from '../../core/tar/segment.ts'
import type { ClosureFiles } from '../../source/files/closure-files.ts'
import type { SourceLayer } from '../../source/source.ts'

/** As many links as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40

/**
 * @param config the OCI `config` object.
 * @param layers without the store paths that are mounted.
 * @param mounts the store paths that count.
 */
export async function startsInStore(
  config: { readonly [key: string]: Json },
  layers: readonly SourceLayer[],
  mounts: ReadonlySet<StorePath>,
  files: ClosureFiles,
): Promise<boolean> {
  const entryPoint = strings(config['Entrypoint'])
  const [command] = entryPoint.length > 0 ? entryPoint : strings(config['Cmd'])
  if (command === undefined || command === '') return false
  const entries = ownEntries(layers)
  for (const candidate of candidates(command, strings(config['Env']))) {
    // A layer that was made elsewhere may have anything outside of the store.
    if (entries === undefined && !candidate.startsWith(`${STORE_DIR}/`)) return false
    const place = locate(candidate, entries ?? new Map())
    if (place === 'image') return false
    if (place === 'nowhere' || (await files.find(place)) === undefined) continue
    const path = storePathAround(place)
    return path !== undefined && mounts.has(path)
  }
  return false
}

/** The paths that a runtime tries for a command, in its order. */
function candidates(command: string, env: readonly string[]): readonly ByteString[] {
  if (command.includes('/')) return command.startsWith('/') ? [encodeText(command)] : []
  const path = env.findLast((assignment) => assignment.startsWith('PATH='))?.slice('PATH='.length) ?? ''
  return path
    .split(':')
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => encodeText(`${directory}/${command}`))
}

/** The image's own files by name; `undefined` where a layer isn't known by its entries. */
function ownEntries(layers: readonly SourceLayer[]): ReadonlyMap<string, LayerEntry> | undefined {
  const byName = new Map<string, LayerEntry>()
  for (const layer of layers) {
    if (layer.kind !== 'entries') return undefined
    for (const entry of layer.entries) byName.set(entry.name, entry)
  }
  return byName
}

/**
 * Follows the image's own links until the path is in the store.
 * @returns the path there, or whether it is one of the image's own files, or leads nowhere.
 */
function locate(
  path: ByteString,
  entries: ReadonlyMap<string, LayerEntry>,
): ByteString | 'image' | 'nowhere' {
  let directory: readonly string[] = []
  let rest: readonly string[] = path.split('/')
  for (let links = 0; links <= MAX_LINKS;) {
    const [part, ...others] = rest
    if (part === undefined) return 'image'
    rest = others
    if (part === '' || part === '.') continue
    if (part === '..') {
      directory = directory.slice(0, -1)
      continue
    }
    const here = [...directory, part]
    const entry = entries.get(here.join('/'))
    if (entry?.kind === 'symlink') {
      links += 1
      if (entry.target.startsWith('/')) directory = []
      rest = [...entry.target.split('/'), ...rest]
    } else if (storePathAround(`/${here.join('/')}`) !== undefined) {
      return asByteString(`/${[...here, ...rest].join('/')}`)
    } else if (entry?.kind === 'file') {
      return 'image'
    } else if (entry === undefined && here[0] !== 'nix') {
      return 'nowhere'
    } else {
      directory = here
    }
  }
  return 'nowhere'
}

function strings(value: Json | undefined): readonly string[] {
  return value !== undefined && isList(value) ? value.filter((item) => typeof item === 'string') : []
}
