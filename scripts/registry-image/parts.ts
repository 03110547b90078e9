/** The parts of the registry's image that other projects make: their versions and hashes, parts.json. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

export const ARCHITECTURES = ['amd64', 'arm64'] as const
export type Architecture = (typeof ARCHITECTURES)[number]

const FILE = fileURLToPath(new URL('parts.json', import.meta.url))

const NodePackage = Type.Object({ name: Type.String(), sha256: Type.String() })
const DebianPackage = Type.Object({
  package: Type.String(),
  version: Type.String(),
  /** The files that the image has of it, as patterns of the shell; `@triplet@` is the architecture's directory. */
  files: Type.Array(Type.String()),
  /** An SPDX expression. */
  licence: Type.String(),
  /** Of the architectures that need it. */
  sha256: Type.Object({ amd64: Type.Optional(Type.String()), arm64: Type.Optional(Type.String()) }),
})
const Parts = Type.Object({
  node: Type.Object({
    version: Type.String(),
    packages: Type.Object({ amd64: NodePackage, arm64: NodePackage }),
  }),
  debian: Type.Object({
    /** The name and the number of the release. */
    codename: Type.String(),
    release: Type.String(),
    packages: Type.Array(DebianPackage),
    /** Further packages, of the image with Nix. */
    nixPackages: Type.Array(DebianPackage),
  }),
})
type DebianPackage = Static<typeof DebianPackage>
export type Parts = Static<typeof Parts>

export async function readParts(): Promise<Parts> {
  return Value.Parse(Parts, JSON.parse(await readFile(FILE, 'utf8')))
}

export async function writeParts(parts: Parts): Promise<void> {
  await writeFile(FILE, `${JSON.stringify(parts, undefined, 2)}\n`)
}
