/**
 * An operator that has nothing to do: profiles for many targets, all delivered. It prints what the process and the API
 * servers do then. `node bench/delivery/main.ts [targets] [profiles for each] [seconds]`
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { cpuMs } from '../cpu-time.ts'
import { memoryOf } from '../../test/support/memory-of.ts'
import { configMap } from '../../test/support/operator-rig.ts'
import { startOperatorWorld, targetIn } from '../../test/support/operator-world.ts'
import { scoped } from '../../test/support/scope.ts'

const PROCESS = fileURLToPath(new URL('../../test/support/operator-process.ts', import.meta.url))
const OBJECTS = 5
const SETTLE_MS = 5_000

const [targets = 10, each = 20, seconds = 60] = process.argv.slice(2).map(Number)

await scoped(async (scope) => {
  const names = Array.from({ length: targets }, (_, i) => `tenant-${i}`)
  const world = await startOperatorWorld(scope, names)
  const kubeconfig = join(world.directory, 'provider.yaml')
  await writeFile(kubeconfig, world.provider.kubeconfig)
  const operator = execa(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', PROCESS, kubeconfig, world.directory],
    {
      stdout: 'ignore',
      stderr: 'inherit',
      reject: false,
    },
  )
  scope.teardown(async () => {
    operator.kill('SIGTERM')
    await operator
  })
  const began = performance.now()
  const profiles: string[] = []
  for (let number = 0; number < each; number++) {
    const others = Array.from({ length: OBJECTS - 1 }, (_, i) =>
      configMap(`set-${number}-${i}`, { text: 'x'.repeat(100) }),
    )
    const path = await world.put(`set-${number}`, { number: String(number) }, ...others)
    for (const tenant of names) {
      const name = `${tenant}-${number}`
      profiles.push(name)
      await world.apply(name, path, { target: targetIn(tenant) })
    }
  }
  for (const name of profiles) await world.until(name, 'Ready', 'True Delivered')
  console.log(
    `${profiles.length} profiles delivered after ${Math.round((performance.now() - began) / 1000)} s`,
  )
  await delay(SETTLE_MS)
  const pid = operator.pid ?? 0
  const requests = async (): Promise<number> => {
    const servers = [world.provider, ...names.map((name) => world.server(name))]
    const counts = await Promise.all(servers.map(async (server) => (await server?.requests())?.length ?? 0))
    return counts.reduce((sum, one) => sum + one, 0)
  }
  const before = { cpu: await cpuMs(pid), requests: await requests(), at: performance.now() }
  await delay(seconds * 1000)
  const took = (performance.now() - before.at) / 1000
  const cpu = (await cpuMs(pid)) - before.cpu
  console.log(`memory: ${Math.round(await memoryOf(pid, 'VmRSS'))} MB`)
  console.log(`processor: ${((100 * cpu) / 1000 / took).toFixed(1)} % of a core`)
  console.log(`requests: ${(await requests()) - before.requests} in ${took.toFixed(0)} s`)
})
