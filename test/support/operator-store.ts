/** A store of the tests' own that has manifests, and needs no Nix. It is a directory, so that several processes share it. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileOf, storeDirectory } from '../../src/core/nix/store-directory.ts'
import { parseStorePath, type StorePath } from '../../src/core/nix/store-path.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import type { Store } from '../../src/store/store.ts'
import { memoryStore, type World } from '../store/memory-store.ts'

const ALPHABET = '0123456789abcdfghijklmnpqrsvwxyz'

/** @param directory absolute, without links. */
export function operatorStore(directory: string, world: World = {}): Store {
  const place = storeDirectory(directory)
  const base = memoryStore(world)
  return {
    ...base,
    directory: place,
    isValid: async (path) => existsSync(fileOf(place, path)) || base.isValid(path),
  }
}

/** Puts objects into the store. @returns their path, which the objects decide. */
export async function putManifests(
  directory: string,
  name: string,
  objects: readonly DesiredObject[],
): Promise<StorePath> {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  const path = storePathFor(name, text)
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, path.slice('/nix/store/'.length)), text)
  return path
}

/** A store path that a text decides. */
function storePathFor(name: string, text: string): StorePath {
  const digest = createHash('sha256').update(text).digest()
  const hash = Array.from(digest.subarray(0, 32), (byte) => ALPHABET[byte % 32]).join('')
  const path = parseStorePath(`/nix/store/${hash}-${name}`)
  if (path === undefined) throw new Error(`${name} is no name of a store path`)
  return path
}
