/** Nix's names of systems for the platforms of images. */
import type { Platform } from './image.ts'

/** GOARCH, as the image specification has it, to Nix's name of the processor. */
const PROCESSORS: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  '386': 'i686',
  ppc64le: 'powerpc64le',
}

/** Returns `x86_64-linux` for linux/amd64, `armv7l-linux` for linux/arm/v7. Unknown processors keep their names. */
export function nixSystemOf({ os, architecture, variant }: Partial<Platform>): string {
  const processor =
    architecture === 'arm'
      ? `arm${variant ?? 'v7'}l`
      : (PROCESSORS[architecture ?? ''] ?? architecture ?? 'unknown')
  return `${processor}-${os ?? 'linux'}`
}
