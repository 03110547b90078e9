/**
 * `node bench/soak.ts [MINUTES]`: memory after 1,000 different images, and then while clients use them for that long (an
 * hour by default). Prints the resident memory of each tenth; flat means that the last is no larger than the second.
 */
import { startPushless } from '../test/support/registry-process.ts'
import { scoped } from '../test/support/scope.ts'
import { smallPaths, useImage } from '../test/support/soak.ts'
import { median } from './figure.ts'
import { memoryOf } from '../test/support/memory-of.ts'

const IMAGES = 1000
const CLIENTS = 4
const TENTHS = 10
const MINUTE_MS = 60_000
const SAMPLE_MS = 1000

const lengthMs = Number(process.argv[2] ?? 60) * MINUTE_MS

await scoped(async (scope) => {
  const server = await startPushless(scope, { args: ['--serve-packages'] })
  const paths = await smallPaths(scope, IMAGES)
  for (const path of paths) await useImage(server.url, path)
  console.log(`after ${IMAGES} images: ${(await memoryOf(server.pid, 'VmRSS')).toFixed(0)} MB`)
  const began = performance.now()
  let used = 0
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let i = client * 250; performance.now() - began < lengthMs; i++, used++)
      await useImage(server.url, paths[i % IMAGES] ?? '')
  })
  for (let tenth = 1; tenth <= TENTHS; tenth++) {
    const samples: number[] = []
    while (performance.now() - began < (lengthMs / TENTHS) * tenth) {
      samples.push(await memoryOf(server.pid, 'VmRSS'))
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
    }
    const highest = Math.max(...samples).toFixed(0)
    console.log(
      `tenth ${tenth}: median ${median(samples).toFixed(0)} MB, at most ${highest} MB, ${used} images used`,
    )
  }
  await Promise.all(clients)
})
