/**
 * The corpus: images of Debian packages as they were month after month. A package stands for a store path. Its hash is
 * that of its name, its version and the paths that it needs, so a change of one package changes all that rest on it.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import type { ClosureNode } from '../../src/core/nix/closure-bits.ts'
import { parseStorePath, type StorePath } from '../../src/core/nix/store-path.ts'

export const CORPUS_FILE = fileURLToPath(new URL('corpus.json.br', import.meta.url))
const DIGITS = '0123456789abcdfghijklmnpqrsvwxyz'

export type CorpusFile = {
  readonly steps: readonly { readonly at: string; readonly release: number }[]
  readonly releases: readonly ReleaseFile[]
}

export type ReleaseFile = {
  readonly name: string
  readonly sources: readonly string[]
  /** Name, version, bytes, how many packages need it, number of its source, numbers of the packages that it needs. */
  readonly packages: readonly (readonly [string, string, number, number, number, readonly number[]])[]
  /** By number of the source: from which step on it has which version. */
  readonly changes: readonly (readonly [number, readonly (readonly [number, string])[]])[]
  /** Name, numbers of the packages, and of those among them that the image names itself. */
  readonly images: readonly (readonly [string, readonly number[], readonly number[]])[]
}

export type CorpusNode = ClosureNode & { readonly popularity: number }
export type CorpusImage = {
  readonly name: string
  readonly closure: readonly CorpusNode[]
  /** The paths that the image names itself. */
  readonly modules: readonly StorePath[]
}
export type CorpusStep = { readonly at: string; readonly images: readonly CorpusImage[] }

export function readCorpus(): readonly CorpusStep[] {
  // The file is made by make-corpus.ts beside it.
  const { steps, releases } = JSON.parse(
    brotliDecompressSync(readFileSync(CORPUS_FILE)).toString(),
  ) as CorpusFile
  return steps.flatMap(({ at, release }, step) => {
    const file = releases[release]
    return file === undefined ? [] : [{ at, images: imagesOf(file, step) }]
  })
}

function imagesOf({ packages, changes, images }: ReleaseFile, step: number): readonly CorpusImage[] {
  const versions = new Map(
    changes.map(([source, found]) => [source, found.findLast(([from]) => from <= step)?.[1]]),
  )
  const paths: (StorePath | undefined)[] = []
  const pathOf = (i: number): StorePath | undefined => {
    const [name, version, , , source, needs] = packages[i] ?? ['', '', 0, 0, 0, []]
    return (paths[i] ??= storePath(name, versions.get(source) ?? version, needs.map(pathOf).join()))
  }
  const nodes = packages.map(([, , narSize, popularity, , needs], i): CorpusNode | undefined => {
    const path = pathOf(i)
    return path && { path, narSize, popularity, references: needs.flatMap((need) => pathOf(need) ?? []) }
  })
  return images.map(([name, members, modules]) => ({
    name,
    closure: members.flatMap((i) => nodes[i] ?? []),
    modules: modules.flatMap((i) => pathOf(i) ?? []),
  }))
}

function storePath(name: string, version: string, needs: string): StorePath | undefined {
  const digest = createHash('sha256').update(`${name}\n${version}\n${needs}`).digest()
  const hash = [...digest].map((byte) => DIGITS[byte & 31]).join('')
  return parseStorePath(`/nix/store/${hash}-${name}-${version.replaceAll(/[:~]/g, '_')}`)
}
