/**
 * Facts of a package that its image is made of: its programs, their platform, certificates in its closure, and its tree
 * below `/`. They take hundreds of looks at files, so a reader thread finds them.
 */
import { asByteString, encodeText, type ByteString } from '../core/byte-string.ts'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Platform } from '../core/oci/image.ts'
import { compareByName, storeNameOf, type StorePath } from '../core/nix/store-path.ts'
import type { LayerEntry } from '../core/tar/segment.ts'
import type { ClosureFiles } from './files/closure-files.ts'
import { rootEntries } from './root-layer.ts'

export type PackageFacts = {
  /** The name of the program that the image starts. */
  readonly command: string | undefined
  readonly platform: Platform
  /** A file with the certificates of authorities. */
  readonly certificates: ByteString | undefined
  /** The entries of the layer above the store paths. */
  readonly entries: Iterable<LayerEntry>
}

const MAIN_PROGRAM = 'nix-support/main-program'
/** Bytes of a file name on Linux, and a line break. */
const MAX_NAME = 256
const ANY_EXECUTE_BIT = 0o111
const ELF_MAGIC = Buffer.from('\u007fELF', 'latin1')
/** e_machine, as in /usr/include/elf.h, to GOARCH; only little-endian ones, where the field reads the same. */
const ARCHITECTURE: Readonly<Record<number, Platform>> = {
  3: { architecture: '386', os: 'linux' },
  40: { architecture: 'arm', variant: 'v7', os: 'linux' },
  62: { architecture: 'amd64', os: 'linux' },
  183: { architecture: 'arm64', os: 'linux' },
  243: { architecture: 'riscv64', os: 'linux' },
}
/** For packages without a single binary: said by the package, never by the machine that serves it. */
const DEFAULT_PLATFORM: Platform = { architecture: 'amd64', os: 'linux' }

/**
 * The place of the bundle in nixpkgs' `cacert` (`nss-cacert-<version>`), which no program looks for, because on NixOS the
 * system names it; and in joined packages that hold it.
 */
const CERTIFICATES = 'etc/ssl/certs/ca-bundle.crt'

/** @throws RegistryError `unservable`, `unavailable`. */
export async function packageFacts(path: StorePath, files: ClosureFiles): Promise<PackageFacts> {
  const programs = await programsIn(path, files)
  return {
    command: (await namedProgram(path, programs, files)) ?? commandOf(storeNameOf(path), programs),
    platform: await platformOf(
      programs.map((name) => join(path, 'bin', name)),
      files,
    ),
    certificates: await certificatesIn(files),
    entries: await rootEntries(files, { contents: [path], files: {}, links: {} }),
  }
}

/** The only program, or the one named like the package without its version. */
export function commandOf(name: string, programs: readonly string[]): string | undefined {
  if (programs.length === 1) return programs[0]
  const packageName = name.replace(/-[0-9].*$/, '')
  return programs.find((program) => program === packageName)
}

async function programsIn(path: StorePath, files: ClosureFiles): Promise<readonly string[]> {
  const bin = await files.find(asByteString(`${path}/bin`))
  const names = bin === undefined ? [] : namesIn(files.fileOf(bin.path))
  const visible = names.filter((name) => !name.startsWith('.')).sort()
  const isProgram = await Promise.all(visible.map((name) => isExecutable(join(path, 'bin', name), files)))
  return visible.filter((_, i) => isProgram[i])
}

function namesIn(directory: string | Buffer): readonly string[] {
  try {
    return readdirSync(directory, 'utf8')
  } catch {
    return []
  }
}

/** Returns the program that the package itself names, if it exists. */
async function namedProgram(
  path: StorePath,
  programs: readonly string[],
  files: ClosureFiles,
): Promise<string | undefined> {
  const file = await files.open(asByteString(`${path}/${MAIN_PROGRAM}`))
  if (file === undefined) return undefined
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_NAME), 0, MAX_NAME, 0)
    const name = buffer.toString('utf8', 0, bytesRead).trim()
    return programs.find((program) => program === name)
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}

/** Whether a file of the closure may be executed; also through a link to it. */
async function isExecutable(path: string, files: ClosureFiles): Promise<boolean> {
  const stat = (await files.find(encodeText(path)))?.stat
  return stat !== undefined && stat.isFile() && (stat.mode & ANY_EXECUTE_BIT) !== 0
}

/** The platform of the first program that is an ELF binary. */
async function platformOf(programs: readonly string[], files: ClosureFiles): Promise<Platform> {
  for (const program of programs) {
    const machine = await elfMachine(program, files)
    const platform = machine === undefined ? undefined : ARCHITECTURE[machine]
    if (platform !== undefined) return platform
  }
  return DEFAULT_PLATFORM
}

async function elfMachine(path: string, files: ClosureFiles): Promise<number | undefined> {
  const file = await files.open(encodeText(path))
  if (file === undefined) return undefined
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0)
    return bytesRead === 20 && buffer.subarray(0, 4).equals(ELF_MAGIC) ? buffer.readUInt16LE(18) : undefined
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}

/** Finds the bundle to name: of several that of the last package by name, on every machine the same. */
async function certificatesIn(files: ClosureFiles): Promise<ByteString | undefined> {
  for (const path of [...(await files.members())].sort(compareByName).toReversed()) {
    const bundle = asByteString(`${path}/${CERTIFICATES}`)
    if ((await files.find(bundle)) !== undefined) return bundle
  }
  return undefined
}
