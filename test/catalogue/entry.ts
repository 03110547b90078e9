/** An entry of a catalogue, of which only some fields matter to a test. */
import type { CatalogueEntry } from '../../src/catalogue/catalogue.ts'

export function entryWith(fields: Partial<CatalogueEntry>): CatalogueEntry {
  return {
    name: 'web',
    version: '1.0.0',
    description: 'a web server',
    schema: { type: 'object' },
    defaults: {},
    presets: {},
    ...fields,
  }
}
