/**
 * `npm run bench`: pushless beside Debian's docker-registry holding the same image, on one machine in one run, so that
 * the ratios mean something where absolute figures don't. Prints a table, and writes it to `bench/results/`.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { debianClosure } from '../test/fixtures/debian-closure.ts'
import { scoped } from '../test/support/scope.ts'
import { measureAuth } from './auth.ts'
import { measureCacheStore } from './cache-store.ts'
import { measureCold } from './cold.ts'
import { benchImage } from './image.ts'
import { measureAdvisories } from './measure-advisories.ts'
import { measureDockerArchive } from './docker-archive.ts'
import { measureInsights } from './insights.ts'
import { measureMemory } from './memory.ts'
import { measurePlanners } from './planner/measure-planners.ts'
import { measureRunning } from './measure-running.ts'
import { measureStart } from './start.ts'
import { measureThroughput } from './throughput.ts'
import { measureTls } from './tls.ts'
import type { Figure } from './figure.ts'

const RESULTS = fileURLToPath(new URL('results', import.meta.url))

const figures: Figure[] = []
const closure = await debianClosure()
console.log(
  `closure: ${(closure.bytes / 1e6).toFixed(0)} MB, ${closure.paths.length} store paths, ${closure.files} files; ` +
    `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}\n`,
)
const image = await benchImage('bench', [closure.root])
for (const measure of [
  () => scoped((scope) => measureStart(scope, closure, image)),
  () => scoped((scope) => measureRunning(scope, closure)),
  () => scoped((scope) => measureCold(scope, closure)),
  () => scoped((scope) => measureCacheStore(scope, image)),
  () => scoped((scope) => measureThroughput(scope, closure)),
  () => scoped((scope) => measureTls(scope, closure)),
  () => scoped((scope) => measureAuth(scope, closure)),
  () => scoped((scope) => measureMemory(scope, closure, image)),
  () => scoped((scope) => measureDockerArchive(scope, image)),
  () => scoped((scope) => measureInsights(scope)),
  () => scoped(measureAdvisories),
  measurePlanners,
]) {
  for (const figure of await measure()) {
    figures.push(figure)
    console.log(describe(figure))
  }
}

await mkdir(RESULTS, { recursive: true })
const file = join(RESULTS, `${new Date().toISOString().replaceAll(':', '')}.json`)
await writeFile(
  file,
  `${JSON.stringify({ closure: { bytes: closure.bytes, paths: closure.paths.length, files: closure.files }, figures }, null, 2)}\n`,
)
console.log(`\nwritten to ${file}`)
const missed = figures.filter(({ isMet }) => isMet === false)
if (missed.length > 0) console.log(`${missed.length} of ${figures.length} figures miss their target`)
process.exitCode = missed.length === 0 ? 0 : 1

function describe({ name, value, target, isMet, note }: Figure): string {
  const verdict = isMet === undefined ? '    ' : isMet ? ' ok ' : 'MISS'
  return `${verdict}  ${name.padEnd(68)} ${value.padStart(14)}   ${target.padEnd(16)} ${note}`
}
