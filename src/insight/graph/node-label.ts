/** How components and bytes are written for people. */
import { printable } from '../../core/errors/printable.ts'
import type { GraphNode } from './dag.ts'

/** Characters of a label. Names in documents may be of any length. */
const MAX_LABEL = 120

/** `glibc 2.38-44 (bin)` */
export function labelOf({ name, version, output }: Omit<GraphNode, 'path' | 'size'>): string {
  const text = [name, version, output === undefined ? undefined : `(${output})`]
  return printable(text.filter((part) => part !== undefined).join(' '), MAX_LABEL)
}

/** `1.2 kB`, `31.4 MB` */
export function sizeText(bytes: number): string {
  return Math.abs(bytes) < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
