/** Loads a year of NVD, and scans 100 images of 100 components against it. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { DATABASE_FILE } from '../src/insight/vulnerability/advisory/advisory-tables.ts'
import { temporaryDirectory, type Scope } from '../test/support/scope.ts'
import { writeYear, YEAR_ENTRIES } from './advisories.ts'
import type { Figure } from './figure.ts'

const WORK = fileURLToPath(new URL('advisory-work.ts', import.meta.url))
const TARGET_LOAD_S = 60
const TARGET_MEGABYTES = 300
const TARGET_SCAN_S = 2

export async function measureAdvisories(scope: Scope): Promise<readonly Figure[]> {
  const directory = await temporaryDirectory(scope, 'advisories')
  const feed = join(await temporaryDirectory(scope, 'feed'), 'nvdcve-2.0-2024.json')
  await writeYear(feed, YEAR_ENTRIES, 1)
  const load = await run('load', directory, feed)
  const scan = await run('scan', directory)
  return [
    {
      ...atMost('a year of NVD loaded', load.ms / 1000, TARGET_LOAD_S, 's'),
      note: `${load.count} CVEs, ${await megabytes(feed)} of JSON, ${await megabytes(join(directory, DATABASE_FILE))} of SQLite`,
    },
    atMost('resident memory at its highest, of that', load.megabytes, TARGET_MEGABYTES, 'MB'),
    {
      ...atMost('100 images of 100 components scanned', scan.ms / 1000, TARGET_SCAN_S, 's'),
      note: `${scan.count} findings, ${scan.megabytes.toFixed(0)} MB resident`,
    },
  ]
}

async function megabytes(file: string): Promise<string> {
  return `${((await stat(file)).size / 1e6).toFixed(0)} MB`
}

async function run(...args: readonly string[]) {
  const { stdout } = await execa(process.execPath, [WORK, ...args])
  return JSON.parse(stdout) as { readonly ms: number; readonly count: number; readonly megabytes: number }
}

function atMost(name: string, number: number, limit: number, unit: string): Figure {
  const value = `${number.toFixed(1)} ${unit}`
  return { name, value, number, target: `<= ${limit} ${unit}`, isMet: number <= limit, note: '' }
}

if (import.meta.main) {
  const { scoped } = await import('../test/support/scope.ts')
  console.log(await scoped(measureAdvisories))
}
