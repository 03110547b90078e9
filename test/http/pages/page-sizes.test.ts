/** Pages stay small, and are made in a moment, however large the image is. */
import t from 'tap'
import { storeHashOf } from '../../../src/core/nix/store-path.ts'
import type { Component } from '../../../src/insight/inventory/component.ts'
import { pagesApp } from './pages-app.ts'
import { component, inventoryOf, pageImage, ROOT } from './synthetic-image.ts'

const PAGE = `/images/${storeHashOf(ROOT)}`

void t.test('600 components take at most 300 kB', async (t) => {
  const app = pagesApp(t, { images: [pageImage(inventoryOf(600))] })
  const { body, statusCode } = await app.inject(PAGE)
  t.equal(statusCode, 200)
  const size = Buffer.byteLength(body)
  t.ok(size <= 300_000, `${size} bytes`)
  t.comment(`${size} bytes`)
  t.match(body, 'The picture has the 500 largest components; 100 smaller ones are left out.')
})

void t.test('20 000 components', async (t) => {
  const long = 'n'.repeat(5000)
  for (const [what, inventory] of [
    ['a usual graph', inventoryOf(20_000)],
    ['a chain', withReferences(20_000, (number) => [number + 1])],
    [
      'each refers to hundreds',
      withReferences(20_000, (number) => Array.from({ length: 200 }, (_, i) => number + i + 1)),
    ],
    [
      'two halves that refer to each other',
      withReferences(20_000, (number) =>
        number % 2 === 0 ? Array.from({ length: 300 }, (_, i) => 2 * i + 1) : [],
      ),
    ],
    ['a circle', withReferences(20_000, (number) => [(number + 1) % 20_000])],
    ['long names', inventoryOf(20_000, () => ({ name: long, version: long }))],
  ] as const) {
    const app = pagesApp(t, { images: [pageImage(inventory)] })
    const start = process.cpuUsage()
    const { body, statusCode } = await app.inject(PAGE)
    const { user, system } = process.cpuUsage(start)
    const took = Math.round((user + system) / 1000)
    t.equal(statusCode, 200)
    t.ok(body.length < 1_000_000, `${what}: ${body.length} characters`)
    t.ok(took < 5000, `${what}: ${took} ms of a processor`)
    t.comment(`${what}: ${body.length} characters, ${took} ms`)
    t.match((await app.inject(`${PAGE}?page=20`)).body, '19001 to 20000 of 20000.')
  }
})

function withReferences(count: number, to: (number: number) => readonly number[]) {
  const paths = Array.from({ length: count }, (_, number) => component(number).path)
  return inventoryOf(count, (number): Partial<Component> => ({
    references: to(number).flatMap((other) => paths[other] ?? []),
  }))
}
