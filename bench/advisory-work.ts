/**
 * The work whose time and memory is measured, in a process of its own:
 * `advisory-work.ts load DIRECTORY FILE…` or `advisory-work.ts scan DIRECTORY`. Prints JSON.
 */
import type { Component, Inventory } from '../src/insight/inventory/component.ts'
import { openAdvisories } from '../src/insight/vulnerability/advisory/advisory-store.ts'
import { scanInventory } from '../src/insight/vulnerability/finding/scan-inventory.ts'
import { updateAdvisories } from '../src/insight/vulnerability/load/update-advisories.ts'
import { componentOf, inventoryOf } from '../test/insight/vulnerability/advisories.ts'
import { seededRandom } from '../test/seeded-random.ts'
import { productName } from './advisories.ts'

const IMAGES = 100
const COMPONENTS = 100
/** Packages that images are made of: each has another choice of them. Most have an advisory or more. */
const PACKAGES = 6_000

const [work, directory = '', ...files] = process.argv.slice(2)
if (work === 'load') {
  const start = performance.now()
  const before = process.cpuUsage()
  const counts = await updateAdvisories(directory, files, { isFresh: true, onFile: () => undefined })
  report(start, before, counts.nvd)
} else {
  const images = fleet()
  const start = performance.now()
  const before = process.cpuUsage()
  const store = openAdvisories(directory)
  const statements = store.statements()
  const found = images.reduce((sum, image) => sum + scanInventory(image, store, statements).length, 0)
  store.close()
  report(start, before, found)
}

function report(start: number, before: NodeJS.CpuUsage, count: number): void {
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  const cpuMs = (user + system) / 1000
  process.stdout.write(JSON.stringify({ ms, cpuMs, count, megabytes: process.resourceUsage().maxRSS / 1024 }))
}

function fleet(): readonly Inventory[] {
  const { below } = seededRandom(2)
  return Array.from({ length: IMAGES }, () => {
    const components: readonly Component[] = Array.from({ length: COMPONENTS }, (_, i) => {
      const number = (i * (PACKAGES / COMPONENTS) + below(PACKAGES / COMPONENTS)) % PACKAGES
      const name = productName(number)
      return componentOf(name, `1.${below(40)}.${below(7)}`, {
        meta: { cpe: `cpe:2.3:a:v${number}:${name}:*:*:*:*:*:*:*:*` },
      })
    })
    return inventoryOf(components)
  })
}
