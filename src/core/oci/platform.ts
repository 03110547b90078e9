/** Decides which images run on which platform. */
import type { Platform } from './image.ts'

/** `linux/arm/v7`, as clients take it. */
export function platformName({ os, architecture, variant }: Partial<Platform>): string {
  return [os ?? 'unknown', architecture ?? 'unknown', ...(variant === undefined ? [] : [variant])].join('/')
}

/** A variant counts where both say one. */
export function fits(platform: Partial<Platform>, { os, architecture, variant }: Platform): boolean {
  if (platform.os !== os || platform.architecture !== architecture) return false
  return variant === undefined || platform.variant === undefined || platform.variant === variant
}
