/** `pushless diff`: what changes from one image to another. */
import type { Settings } from '../../settings/settings.ts'
import {
  differenceOf,
  type Difference,
  type PackageChange,
  type PackageState,
} from '../../insight/difference/difference.ts'
import { labelOf, sizeText } from '../../insight/graph/node-label.ts'
import { tableOf, type Column } from '../display/table.ts'
import { openInventory } from './open-inventory.ts'
import { countOf, print } from './output.ts'

export type DiffOptions = { readonly registry?: string; readonly json: boolean }

const COLUMNS: readonly Column[] = [
  { title: 'PACKAGE', align: 'left' },
  { title: 'BEFORE', align: 'left' },
  { title: 'AFTER', align: 'left' },
  { title: 'BYTES', align: 'right' },
]

/** One after the other, since both use the same state directory. @throws RegistryError of any kind. */
export async function diff(
  before: string,
  after: string,
  settings: Settings,
  options: DiffOptions,
): Promise<void> {
  const first = await openInventory(before, settings, options)
  const second = await openInventory(after, settings, options)
  const difference = differenceOf(first, second)
  const data = { before: first.image.root, after: second.image.root, ...difference }
  print(options.json, data, (width) => diffLines(difference, width))
}

export function diffLines(
  { packages, unchanged, layers, size }: Difference,
  width: number,
): readonly string[] {
  const rebuilt = packages.filter(isRebuilt)
  return [
    ...section(
      width,
      'Added',
      packages.filter(({ before }) => before === undefined),
    ),
    ...section(
      width,
      'Removed',
      packages.filter(({ after }) => after === undefined),
    ),
    ...section(
      width,
      'Changed',
      packages.filter(({ differs }) => differs.length > 0),
    ),
    `packages  ${unchanged} unchanged, ${rebuilt.length} only rebuilt`,
    `size      ${sizeText(size.before)} before, ${sizeText(size.after)} after, ${signed(size.after - size.before)}`,
    `layers    ${layers.shared} shared of ${sizeText(layers.sharedBytes)}; an update moves ${countOf(layers.moved, 'layer')} of ${sizeText(layers.movedBytes)}`,
  ]
}

function isRebuilt({ before, after, differs }: PackageChange): boolean {
  return before !== undefined && after !== undefined && differs.length === 0
}

function section(width: number, title: string, packages: readonly PackageChange[]): readonly string[] {
  if (packages.length === 0) return []
  const rows = packages.flatMap(({ name, before, after, differs }) => {
    const bytes = (after?.size ?? 0) - (before?.size ?? 0)
    const first = [printableName(name), versionOf(before), versionOf(after), signed(bytes)]
    const licences = [`  licence`, licenceOf(before), licenceOf(after), '']
    return differs.includes('licence') ? [first, licences] : [first]
  })
  return [`${title} (${packages.length})`, ...tableOf(COLUMNS, rows, width), '']
}

function versionOf(state: PackageState | undefined): string {
  if (state === undefined) return ''
  return state.version === undefined ? 'no version' : printableName(state.version)
}

function licenceOf(state: PackageState | undefined): string {
  return state?.licence === undefined ? 'unknown' : printableName(state.licence)
}

function printableName(text: string): string {
  return labelOf({ name: text, version: undefined, output: undefined })
}

function signed(bytes: number): string {
  return `${bytes < 0 ? '-' : '+'}${sizeText(Math.abs(bytes))}`
}
