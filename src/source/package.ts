/**
 * A plain package: any directory of the store. Its closure is the image, its tree is linked below `/`, and its command
 * is the one program in `bin/`, or the one named like the package. Served only where the operator allows it.
 */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Platform } from '../core/image.ts'
import { storeNameOf, type StorePath } from '../core/store-path.ts'
import { fsPath } from '../layer/walk.ts'
import { rootEntries } from './root-layer.ts'
import { storeTarget } from './store-target.ts'
import type { Source } from './source.ts'

/** The same as nix/image.nix sets; part of the image's identity. */
const MAX_LAYERS = 60
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

export async function packageSource(path: StorePath): Promise<Source> {
  const programs = await programsIn(path)
  const command = commandOf(storeNameOf(path), programs)
  return {
    kind: 'package',
    config: {
      kind: 'made',
      platform: await platformOf(programs.map((name) => join(path, 'bin', name))),
      config: {
        Env: ['PATH=/bin:/sbin'],
        ...(command === undefined ? {} : { Entrypoint: [join(path, 'bin', command)] }),
      },
    },
    layers: [
      { kind: 'closure', maxLayers: MAX_LAYERS, except: [] },
      {
        kind: 'entries',
        entries: await rootEntries({ contents: [path], files: {}, links: {} }),
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

async function programsIn(path: StorePath): Promise<readonly string[]> {
  const bin = await storeTarget(join(path, 'bin'))
  const names = bin === undefined ? [] : await readdir(fsPath(bin)).catch(() => [])
  return names.filter((name) => !name.startsWith('.')).sort()
}

/** The platform of the first program that is an ELF binary. */
async function platformOf(programs: readonly string[]): Promise<Platform> {
  for (const program of programs) {
    const machine = await elfMachine(program)
    const platform = machine === undefined ? undefined : ARCHITECTURE[machine]
    if (platform !== undefined) return platform
  }
  return DEFAULT_PLATFORM
}

async function elfMachine(path: string): Promise<number | undefined> {
  const target = await storeTarget(Buffer.from(path).toString('latin1'))
  const file = target === undefined ? undefined : await open(fsPath(target)).catch(() => undefined)
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
