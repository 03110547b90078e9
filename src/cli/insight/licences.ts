/** `pushless licences`: the licences of an image's packages, and whether one of them is denied. */
import type { Settings } from '../../settings/settings.ts'
import { licencePattern } from '../../insight/licences/denied-licence.ts'
import { licencesOf, type PackageLicence } from '../../insight/licences/licences.ts'
import { labelOf } from '../../insight/graph/node-label.ts'
import { tableOf, type Column } from '../display/table.ts'
import { openInventory } from './open-inventory.ts'
import { countOf, print } from './output.ts'

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
  const groups = groupsOf(packages)
  const data = { root: inventory.image.root, ...groups }
  print(options.json, data, (width) => licenceLines(packages, options.deny.length > 0, width))
  return groups.denied.length > 0 ? EXIT_DENIED : 0
}

/** @param isGate whether something could be denied. */
export function licenceLines(
  packages: readonly PackageLicence[],
  isGate: boolean,
  width: number,
): readonly string[] {
  const { denied, allowed, unknown } = groupsOf(packages)
  const counts = [
    ...(isGate ? [`${denied.length} denied`, `${allowed.length} allowed`] : [`${allowed.length} known`]),
    `${unknown.length} without a known licence`,
  ]
  return [
    ...section(width, 'Denied', denied),
    ...section(width, isGate ? 'Allowed' : 'Known', allowed),
    ...section(width, 'Unknown', unknown),
    `${countOf(packages.length, 'package')}: ${counts.join(', ')}`,
  ]
}

function groupsOf(packages: readonly PackageLicence[]) {
  return {
    denied: packages.filter(({ verdict }) => verdict === 'denied'),
    allowed: packages.filter(({ verdict }) => verdict === 'allowed'),
    unknown: packages.filter(({ verdict }) => verdict === 'unknown'),
  }
}

function section(width: number, title: string, packages: readonly PackageLicence[]): readonly string[] {
  if (packages.length === 0) return []
  const rows = packages.map(({ name, version, licence = 'unknown' }) => [
    labelOf({ name, version, output: undefined }),
    labelOf({ name: licence, version: undefined, output: undefined }),
  ])
  return [`${title} (${packages.length})`, ...tableOf(COLUMNS, rows, width), '']
}
