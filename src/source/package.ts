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
import { join } from 'node:path'
import { storeNameOf, type StorePath } from '../core/nix/store-path.ts'
import type { ClosureFiles } from './files/closure-files.ts'
import { readPackage } from './reader-work.ts'
import type { Source } from './source.ts'

/** The same as nix/image.nix sets; part of the image's identity. */
const MAX_LAYERS = 60

export async function packageSource(path: StorePath, files: ClosureFiles): Promise<Source> {
  const { command, platform, certificates, entries } = await readPackage(path, files)
  return {
    kind: 'image',
    format: 'package',
    config: {
      kind: 'made',
      platform,
      config: {
        Env: ['PATH=/bin:/sbin', ...(certificates === undefined ? [] : [`SSL_CERT_FILE=${certificates}`])],
        ...(command === undefined ? {} : { Entrypoint: [join(path, 'bin', command)] }),
      },
    },
    layers: [
      { kind: 'closure', maxLayers: MAX_LAYERS, except: [] },
      { kind: 'entries', entries, createdBy: `root of ${storeNameOf(path)}` },
    ],
  }
}
