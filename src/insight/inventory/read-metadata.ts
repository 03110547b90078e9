/** Reads the files that nix/package-metadata.nix makes. What they tell holds for exactly the paths that they name. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { unreadable } from '../../core/errors/unreadable.ts'
import { fileOf, type StoreDirectory } from '../../core/nix/store-directory.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import { parseLicences, type PackageMeta } from './package-meta.ts'
import { publicUrl } from './source-archive.ts'

/** The facts of one output path. */
export type PathMetadata = {
  readonly pname: string | undefined
  readonly version: string | undefined
  readonly output: string | undefined
  readonly meta: PackageMeta
}

const Text = Type.Optional(Type.String())
const Texts = Type.Optional(Type.Array(Type.String()))
const Facts = Type.Object({
  pname: Text,
  version: Text,
  outputName: Text,
  licences: Texts,
  homepage: Text,
  description: Text,
  cpe: Text,
  purl: Text,
  position: Text,
  supplier: Text,
  knownVulnerabilities: Texts,
})
const validator = validatorOf(
  Type.Object({ pushlessMetadata: Type.Literal(1), packages: Type.Record(Type.String(), Facts) }),
)

/** A package has half a kilobyte, so this is for a hundred thousand. */
const MAX_FILE_SIZE = 64 * 1024 * 1024
const MAX_TEXT = 2_000
/** NIST IR 7695, formatted string: 11 fields after the prefix. */
const CPE = /^cpe:2\.3:[aho*-](?::(?:\\.|[^\\:\s])+){10}$/
const PURL = /^pkg:[a-z][a-z0-9.+-]*\/\S+$/

/**
 * @param directory the files of the store.
 * @returns the facts by path. Where two files name one path, the later wins.
 * @throws RegistryError `unservable` for a file of another form, `unavailable` for one that vanished.
 */
export async function readMetadata(
  files: readonly StorePath[],
  directory: StoreDirectory,
): Promise<ReadonlyMap<string, PathMetadata>> {
  const found = new Map<string, PathMetadata>()
  for (const file of files) {
    const { packages } = await readMetadataFile(file, directory)
    for (const [path, facts] of Object.entries(packages)) found.set(path, pathMetadata(facts))
  }
  return found
}

async function readMetadataFile(
  file: StorePath,
  directory: StoreDirectory,
): Promise<{ readonly packages: { readonly [path: string]: Static<typeof Facts> } }> {
  const refuse = (why: string): never => {
    throw new RegistryError('unservable', `${file}: ${why}`)
  }
  try {
    await using handle = await open(fileOf(directory, file), constants.O_RDONLY | constants.O_NOFOLLOW)
    if ((await handle.stat()).size > MAX_FILE_SIZE) refuse(`metadata of more than ${MAX_FILE_SIZE} bytes`)
    const value: unknown = JSON.parse(await handle.readFile('utf8'))
    return validator.Check(value) ? value : refuse('not metadata of version 1')
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    if (cause instanceof SyntaxError) return refuse(`not JSON: ${cause.message}`)
    throw unreadable(file, cause)
  }
}

function pathMetadata(facts: Static<typeof Facts>): PathMetadata {
  const { pname, version, outputName, homepage, cpe, purl } = facts
  return {
    pname: text(pname),
    version: text(version),
    output: text(outputName),
    meta: {
      licences: parseLicences((facts.licences ?? []).flatMap((licence) => text(licence) ?? [])),
      homepage: homepage === undefined ? undefined : publicUrl(homepage),
      description: text(facts.description),
      cpe: cpe !== undefined && CPE.test(cpe) ? cpe : undefined,
      purl: purl !== undefined && PURL.test(purl) ? purl : undefined,
      position: text(facts.position),
      supplier: text(facts.supplier),
      knownVulnerabilities: (facts.knownVulnerabilities ?? []).flatMap((known) => text(known) ?? []),
    },
  }
}

/** One line of reasonable length; `undefined` for an empty one. */
function text(value: string | undefined): string | undefined {
  const line = value?.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_TEXT)
  return line === '' ? undefined : line
}
