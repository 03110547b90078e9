/**
 * A plain package: any directory of the store, several packages joined into one (`buildEnv`, `symlinkJoin`) too. Its
 * closure is the image, its tree is linked below `/`, certificates of authorities in its closure are named to programs,
 * and its command is
 * 1. the program that the package itself names in `nix-support/main-program` (its name and a line break),
 * 2. else the only program in `bin/`,
 * 3. else the one named like the package without its version.
 *
 * Not `meta.mainProgram` of nixpkgs: stdenv hands it to the build as `NIX_MAIN_PROGRAM`, which is left in the
 * derivation and nowhere in the output. Whether a store has the derivation differs from machine to machine, since a
 * fetched path comes without, and what an image is must not. A package that wants its say writes the file: `postFixup =
 * "mkdir -p $out/nix-support; echo $NIX_MAIN_PROGRAM > $out/nix-support/main-program"`. Nor `.desktop` files: these are
 * for desktops, and often name a program of the system.
 *
 * Served only where the operator allows it.
 */
import { asByteString, encodeText } from '../core/byte-string.ts'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Platform } from '../core/oci/image.ts'
import { storeNameOf, type StorePath } from '../core/nix/store-path.ts'
import type { ClosureFiles } from './files/closure-files.ts'
import { rootEntries } from './root-layer.ts'
import type { Source } from './source.ts'

/** The same as nix/image.nix sets; part of the image's identity. */
const MAX_LAYERS = 60
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

export async function packageSource(path: StorePath, files: ClosureFiles): Promise<Source> {
  const programs = await programsIn(path, files)
  const command = (await namedProgram(path, programs, files)) ?? commandOf(storeNameOf(path), programs)
  return {
    kind: 'image',
    format: 'package',
    config: {
      kind: 'made',
      platform: await platformOf(
        programs.map((name) => join(path, 'bin', name)),
        files,
      ),
      config: {
        Env: ['PATH=/bin:/sbin'],
        ...(command === undefined ? {} : { Entrypoint: [join(path, 'bin', command)] }),
      },
      findCertificates: true,
    },
    layers: [
      { kind: 'closure', maxLayers: MAX_LAYERS, except: [] },
      {
        kind: 'entries',
        entries: await rootEntries(files, { contents: [path], files: {}, links: {} }),
        createdBy: `root of ${storeNameOf(path)}`,
      },
    ],
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
  const names = bin === undefined ? [] : await readdir(files.fileOf(bin.path)).catch(() => [])
  const visible = names.filter((name) => !name.startsWith('.')).sort()
  const isProgram = await Promise.all(visible.map((name) => isExecutable(join(path, 'bin', name), files)))
  return visible.filter((_, i) => isProgram[i])
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
