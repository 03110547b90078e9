/**
 * Kills an operator again and again while it delivers. `node bench/delivery/kill.ts [times]`
 *
 * Each round has another set of objects. At the end the last set must be there whole, and nothing else of the profile;
 * objects of others must be as they were, and no generation may be counted twice.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { listAt, textAt } from '../../src/core/json-fields.ts'
import { loadRecord } from '../../src/delivery/inventory/record-store.ts'
import { configMap } from '../../test/support/operator-rig.ts'
import { startOperatorWorld, targetIn } from '../../test/support/operator-world.ts'
import { scoped } from '../../test/support/scope.ts'

const PROCESS = fileURLToPath(new URL('../../test/support/operator-process.ts', import.meta.url))
const OBJECTS = 10
/** Milliseconds of an operator's life: it delivers between these times, mostly. */
const SHORTEST_MS = 550
const LONGEST_MS = 1_600
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' }
const SET = { namespace: 'default', name: 'killed' }

const [times = 100] = process.argv.slice(2).map(Number)

/** Each round has other objects: five stay, one comes, one goes. */
function objectsOf(round: number): readonly string[] {
  return Array.from({ length: OBJECTS }, (_, i) => `o${i < 5 ? i : round + i}`)
}

await scoped(async (scope) => {
  const world = await startOperatorWorld(scope, ['tenant'])
  const tenant = world.cluster('tenant')
  const kubeconfig = join(world.directory, 'provider.yaml')
  await writeFile(kubeconfig, world.provider.kubeconfig)
  await tenant.apply({
    ...configMap('of-others', { a: '1' }),
    metadata: { name: 'of-others', namespace: 'default' },
  })
  const start = () =>
    execa(process.execPath, ['--disable-warning=ExperimentalWarning', PROCESS, kubeconfig, world.directory], {
      stdout: 'ignore',
      stderr: 'ignore',
      reject: false,
    })
  const dropLease = async (): Promise<void> => {
    const name = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: 'default',
      name: 'pushless-operator',
    }
    const live = await world.own.get(name)
    if (live !== undefined) await world.own.remove(name, { uid: live.metadata.uid })
  }
  let [begun, ended] = [0, 0]
  for (let round = 1; round <= times; round++) {
    const [first = '', ...others] = objectsOf(round)
    const path = await world.put(
      first,
      { round: String(round) },
      ...others.map((name) => configMap(name, { round: String(round) })),
    )
    await world.apply(SET.name, path, { target: targetIn('tenant'), allowShrink: true })
    await dropLease()
    const operator = start()
    await delay(SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS))
    operator.kill('SIGKILL')
    await operator
    const record = (await loadRecord(tenant, SET))?.record
    if (record?.attempt !== undefined) begun += 1
    if (record?.history.at(-1)?.revision === path) ended += 1
  }
  console.log(`${times} kills: ${begun} in the middle of a delivery, ${ended} after its end`)
  await dropLease()
  const last = start()
  await world.until(SET.name, 'Ready', 'True Delivered')
  last.kill('SIGTERM')
  await last
  const { items } = await tenant.list(CONFIG_MAP, { namespace: 'default' })
  const names = items.map(({ metadata }) => metadata.name).filter((name) => /^o\d+$/.test(name))
  const wanted = objectsOf(times)
  const record = (await loadRecord(tenant, SET))?.record
  const generations = record?.history.map(({ generation }) => generation) ?? []
  const checks = {
    'the objects are those of the last set': names.toSorted().join() === wanted.toSorted().join(),
    'all have the last values': items.every(
      (one) => !wanted.includes(one.metadata.name) || textAt(one, 'data', 'round') === String(times),
    ),
    'objects of others are there': items.some(({ metadata }) => metadata.name === 'of-others'),
    'the inventory has each object once': record?.inventory.length === OBJECTS,
    'no attempt is left': record?.attempt === undefined,
    'generations are counted once': new Set(generations).size === generations.length,
    'no event is about a defect': !(await world.reasons(SET.name)).includes('Defect'),
  }
  for (const [check, isTrue] of Object.entries(checks)) console.log(`${isTrue ? 'yes' : 'NO '} ${check}`)
  console.log(
    `${listAt((await world.profile(SET.name))?.['status'], 'history').length} generations in the status`,
  )
  if (!Object.values(checks).every(Boolean)) process.exitCode = 1
})
