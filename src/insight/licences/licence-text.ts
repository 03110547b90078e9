/** Writes the licences of a package as one text. */
import type { Licence } from '../inventory/package-meta.ts'

/** @returns `undefined` where none is known. */
export function licenceText(licences: readonly Licence[]): string | undefined {
  if (licences.length === 0) return undefined
  return licences
    .map((licence) => (licence.kind === 'spdx' ? licence.expression : licence.name))
    .map((text) => (licences.length > 1 && text.includes(' OR ') ? `(${text})` : text))
    .join(' AND ')
}
