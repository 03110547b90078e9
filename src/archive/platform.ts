/**
 * Chooses the platform of an image that is exported. It is written as clients write it, and defaults to this
 * machine's.
 */
import type { Platform } from '../core/oci/image.ts'

/** OCI image-index, `platform`: names of GOOS and GOARCH, and a variant as in `linux/arm/v7`. */
const PLATFORM = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/
/** Node's names where they aren't GOARCH's. */
const ARCHITECTURE: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' }

/** @returns nothing for what isn't `os/arch` or `os/arch/variant`. */
export function parsePlatform(text: string): Platform | undefined {
  const [, os, architecture, variant] = PLATFORM.exec(text) ?? []
  if (os === undefined || architecture === undefined) return undefined
  return { os, architecture, ...(variant === undefined ? {} : { variant }) }
}

/** The platform of containers on a machine whose processor Node calls `arch`. */
export function machinePlatform(arch: string): Platform {
  return { os: 'linux', architecture: ARCHITECTURE[arch] ?? arch }
}
