/** `pushless scan`: the vulnerabilities of images. */
import {
  fleetJson,
  fleetTable,
  answerJson,
  answerTable,
  type UnreadImage,
} from '../../insight/vulnerability/fleet/fleet-report.ts'
import { answerQuery, parseComponentQuery } from '../../insight/vulnerability/fleet/component-query.ts'
import type { AdvisoryStore } from '../../insight/vulnerability/advisory/advisory-store.ts'
import { compareToNewer, scanInventory } from '../../insight/vulnerability/finding/scan-inventory.ts'
import { openvex } from '../../insight/vulnerability/report/openvex.ts'
import { sarif } from '../../insight/vulnerability/report/sarif.ts'
import { scanJson } from '../../insight/vulnerability/report/scan-json.ts'
import { exceeds, reportOf, type ScanReport } from '../../insight/vulnerability/report/scan-report.ts'
import { scanTable } from '../../insight/vulnerability/report/scan-table.ts'
import type { Inventory } from '../../insight/inventory/component.ts'
import { messageChain } from '../../core/errors/error-chain.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Json } from '../../core/json.ts'
import type { Settings } from '../../settings/settings.ts'
import { withInventories, type OpenInventory } from './with-inventories.ts'
import { UsageError } from '../usage-error.ts'
import { readToken } from '../../http/access/token-file.ts'
import { readFleet } from './fleet-images.ts'
import { registryFleet } from './registry-fleet.ts'
import { openFreshAdvisories } from './open-advisories.ts'
import type { ScanFlags } from './scan-options.ts'

/** Findings beyond the threshold. Not 1, which is for images that can't be scanned. */
const EXIT_FOUND = 3
const EXIT_UNREAD = 1

type NamedInventory = { readonly name: string; readonly inventory: Inventory }
type Unread = readonly UnreadImage[]

/**
 * @param what images and documents, or lists of images with `--fleet`.
 * @returns the exit status.
 * @throws RegistryError of any kind; UsageError for options that don't go together.
 */
export async function scan(
  what: readonly string[],
  settings: Settings,
  flags: ScanFlags,
  version: string,
): Promise<number> {
  if (flags.has !== undefined && !flags.fleet) throw new UsageError('--has asks about a fleet: add --fleet')
  if (flags.has !== undefined && flags.failOn !== undefined)
    throw new UsageError('--has looks for no vulnerabilities, so --fail-on has no meaning with it')
  if (flags.has !== undefined && flags.format !== 'table' && flags.format !== 'json')
    throw new UsageError('--has writes a table or JSON')
  const query = flags.has === undefined ? undefined : parseComponentQuery(flags.has)
  return withInventories(settings, flags, async (open) => {
    const names = await namesOf(what, flags)
    const { read, unread } = flags.fleet
      ? await openAll(names, open)
      : { read: await openEach(names, open), unread: [] }
    for (const { name, reason } of unread)
      process.stderr.write(`pushless: ${name} is not scanned: ${reason}\n`)
    if (query !== undefined) {
      const answers = answerQuery(query, read)
      process.stdout.write(
        flags.format === 'json' ? textOf(answerJson(answers, unread)) : answerTable(answers, read.length),
      )
      return unread.length > 0 ? EXIT_UNREAD : 0
    }
    const newer = flags.compare === undefined ? undefined : await open(flags.compare)
    const store = await openFreshAdvisories(flags.advisories)
    try {
      const reports = reportsOf(read, newer, store, flags.possible)
      process.stdout.write(written(reports, unread, store, flags, version))
      if (unread.length > 0) return EXIT_UNREAD
      return flags.failOn !== undefined && exceeds(reports, flags.failOn) ? EXIT_FOUND : 0
    } finally {
      store.close()
    }
  })
}

/** @throws UsageError where no image is named. */
async function namesOf(
  what: readonly string[],
  { fleet, host, registry, tokenFile }: ScanFlags,
): Promise<readonly string[]> {
  if (what.length > 0) return fleet ? readFleet(what, host) : what
  if (!fleet || registry === undefined)
    throw new UsageError('name an image; or --fleet and --registry, for all images that a registry knows')
  return registryFleet(registry, readToken(tokenFile))
}

async function openEach(names: readonly string[], open: OpenInventory): Promise<readonly NamedInventory[]> {
  const read: NamedInventory[] = []
  for (const name of names) read.push({ name, inventory: await open(name) })
  return read
}

/** One image that can't be read is no reason to leave out the others. */
async function openAll(
  names: readonly string[],
  open: OpenInventory,
): Promise<{ readonly read: readonly NamedInventory[]; readonly unread: Unread }> {
  const read: NamedInventory[] = []
  const unread: UnreadImage[] = []
  for (const name of names)
    try {
      read.push({ name, inventory: await open(name) })
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      unread.push({ name, reason: messageChain(error) })
    }
  return { read, unread }
}

function reportsOf(
  read: readonly NamedInventory[],
  newer: Inventory | undefined,
  store: AdvisoryStore,
  showsPossible: boolean,
): readonly ScanReport[] {
  const statements = store.statements()
  const inNewer = newer === undefined ? undefined : scanInventory(newer, store, statements)
  return read.map(({ name, inventory }) => {
    const found = scanInventory(inventory, store, statements)
    const findings = inNewer === undefined ? found : compareToNewer(found, inNewer)
    return reportOf(name, inventory.image, inventory.components.length, findings, showsPossible)
  })
}

function written(
  reports: readonly ScanReport[],
  unread: Unread,
  store: AdvisoryStore,
  { format, fleet, sarifDriver }: ScanFlags,
  version: string,
): string {
  const facts = store.facts()
  switch (format) {
    case 'table':
      return fleet ? fleetTable(reports, facts) : scanTable(reports, facts)
    case 'json':
      return textOf(fleet ? fleetJson(reports, facts, unread) : scanJson(reports, facts))
    case 'sarif':
      return textOf(sarif(reports, sarifDriver, version))
    case 'openvex':
      return textOf(openvex(reports, facts.newest))
  }
}

function textOf(document: Json): string {
  return `${JSON.stringify(document, null, 2)}\n`
}
