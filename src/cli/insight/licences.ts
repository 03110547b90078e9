/** `pushless licences`: the licences of an image's packages, and whether one of them is denied. */
import type { Settings } from '../../settings/settings.ts'
import { licencePattern } from '../../insight/licences/denied-licence.ts'
import { licencesOf, type PackageLicence } from '../../insight/licences/licences.ts'
import { labelOf } from '../../insight/graph/node-label.ts'
import { tableOf, type Column } from '../display/table.ts'
import { openInventory } from '../open-inventory.ts'
import { countOf, outputWidth, print } from './output.ts'

export type LicencesOptions = {
  readonly registry?: string
  readonly json: boolean
  /** Patterns of licences. */
  readonly deny: readonly string[]
}

const EXIT_DENIED = 1
const COLUMNS: readonly Column[] = [
  { title: 'PACKAGE', align: 'left' },
  { title: 'LICENCE', align: 'left' },
]

/** @returns the exit status, 1 where a licence is denied. @throws RegistryError of any kind. */
export async function licences(name: string, settings: Settings, options: LicencesOptions): Promise<number> {
  const inventory = await openInventory(name, settings, options)
  const packages = licencesOf(inventory, options.deny.map(licencePattern))
  const groups = {
    denied: packages.filter(({ verdict }) => verdict === 'denied'),
    allowed: packages.filter(({ verdict }) => verdict === 'allowed'),
    unknown: packages.filter(({ verdict }) => verdict === 'unknown'),
  }
  print(options.json, { root: inventory.image.root, ...groups }, () => [
    ...section('Denied', groups.denied),
    ...section(options.deny.length === 0 ? 'Known' : 'Allowed', groups.allowed),
    ...section('Unknown', groups.unknown),
    `${countOf(packages.length, 'package')}: ${groups.denied.length} denied, ${groups.allowed.length} ${options.deny.length === 0 ? 'known' : 'allowed'}, ${groups.unknown.length} without a known licence`,
  ])
  return groups.denied.length > 0 ? EXIT_DENIED : 0
}

function section(title: string, packages: readonly PackageLicence[]): readonly string[] {
  if (packages.length === 0) return []
  const rows = packages.map(({ name, version, licence = 'unknown' }) => [
    labelOf({ name, version, output: undefined }),
    labelOf({ name: licence, version: undefined, output: undefined }),
  ])
  return [`${title} (${packages.length})`, ...tableOf(COLUMNS, rows, outputWidth()), '']
}
