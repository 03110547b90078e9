/** A process that delivers is killed at any moment, a hundred times: the next delivery makes everything right. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { textAt } from '../../src/core/json-fields.ts'
import { loadGeneration } from '../../src/delivery/find-drift.ts'
import type { Cluster, DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { startApiServer } from '../support/api-server.ts'
import { configMap, deliveredSet, deployment, makeNamespace, service } from '../support/delivered-set.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-apiserver'))
const ESBUILD = fileURLToPath(new URL('../../node_modules/.bin/esbuild', import.meta.url))
const PROCESS = fileURLToPath(new URL('../support/delivering-process.ts', import.meta.url))
/** Sets that are delivered side by side. */
const SETS = 5
/** Of the processes of each set: one in each twentieth of a delivery. */
const KILLS = 20
/**
 * A process is killed within the time that a whole delivery takes. The time is measured once, and grows and shrinks, so
 * that a few processes come to their end on a machine of any speed.
 */
const GROWTH = 1.03
const SHRINKING = 0.8
/** Milliseconds after which the process is killed whose whole time is measured. */
const WHOLE_MS = 60_000
/** Milliseconds that a delivery waits at first, where the one before was killed. */
const HANDOVER_MS = 500

/** The objects of a round: some stay, some change, one comes and one goes each time. */
function objectsOf(round: number): readonly DesiredObject[] {
  const wave = { annotations: { 'pushless.internal/wave': '-1' } }
  return [
    configMap('stays'),
    configMap('changes', { round: String(round) }),
    configMap(`comes-${round}`, { round: String(round) }),
    configMap(`comes-${round + 1}`, { round: 'early' }, wave),
    service('web'),
    deployment('web', { replicas: 1 + (round % 3) }),
  ]
}

void t.test('killed a hundred times', { skip, timeout: 240_000 }, async (t) => {
  const server = await startApiServer(t)
  const cluster = kubernetesCluster(parseKubeconfig(server.kubeconfig))
  t.teardown(() => cluster.close())
  const start = await deliveringProcess(t, server.kubeconfig)
  const ended = { killed: 0, done: 0 }
  const began = performance.now()
  await Promise.all(
    Array.from({ length: SETS }, async (_, lane) => {
      const namespace = await makeNamespace(cluster, `lane-${lane}`)
      const other = configMap(
        'of-nobody',
        {},
        { namespace, annotations: { 'pushless.internal/set': 'other/set' } },
      )
      const stranger = await cluster.create(other)
      let next = start()
      let uids: Readonly<Record<string, string>> = {}
      const whole = await start()({ namespace, objects: objectsOf(0) }, WHOLE_MS)
      let within = whole.ms
      let round = 1
      for (let kills = 0; kills < KILLS; round++) {
        const running = next
        next = start()
        // Now and then, two are killed in a row.
        const isSecond = round % 5 === 4
        const killAfter = ((kills + Math.random()) / KILLS) * within + (isSecond ? HANDOVER_MS : 0)
        const { outcome } = await running({ namespace, objects: objectsOf(round) }, killAfter)
        ended[outcome]++
        if (outcome === 'killed') kills++
        within *= outcome === 'killed' ? GROWTH : SHRINKING
        await assertNothingLost(t, cluster, namespace, round)
        if (round % 5 !== 3) uids = await assertConverges(t, cluster, namespace, round, uids)
      }
      await next({ namespace, objects: objectsOf(round) }, 0)
      await assertConverges(t, cluster, namespace, round + 1, uids)
      const live = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'of-nobody' })
      t.equal(live?.metadata.uid, stranger.metadata.uid)
    }),
  )
  t.comment(
    `${ended.killed} killed, ${ended.done} came to their end, ${Math.round(performance.now() - began)} ms`,
  )
  t.ok(ended.done > 0, 'kills come at all moments, up to the end')
})

/** The objects of all rounds are there as soon as they were, and their UIDs stay. */
async function assertNothingLost(t: Test, cluster: Cluster, namespace: string, round: number): Promise<void> {
  for (const name of ['stays', 'changes'])
    if ((await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name })) === undefined)
      t.fail(`${namespace}, round ${round}: ${name} is gone`)
}

async function assertConverges(
  t: Test,
  cluster: Cluster,
  namespace: string,
  round: number,
  before: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const set = deliveredSet(cluster, namespace)
  const wanted = objectsOf(round)
  const what = `${namespace}, round ${round}`
  await set.deliver(wanted, { mayShrink: true })
  const record = await set.record()
  t.equal(record?.attempt, undefined, what)
  const names = wanted.map(({ kind, metadata }) => `${kind} ${namespace}/${metadata.name}`).toSorted()
  t.same(await set.inventory(), names, what)
  // Nothing of earlier rounds is left, and nothing is there twice.
  const { items } = await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace })
  const own = items.filter(
    ({ metadata }) => textAt(metadata, 'annotations', 'pushless.internal/set') === `${namespace}/web`,
  )
  t.same(
    own.map(({ metadata }) => `ConfigMap ${namespace}/${metadata.name}`).toSorted(),
    names.filter((name) => name.startsWith('ConfigMap')),
    what,
  )
  t.equal(
    textAt(own.find(({ metadata }) => metadata.name === 'changes') ?? null, 'data', 'round'),
    String(round),
    what,
  )
  const uids = Object.fromEntries(
    (record?.inventory ?? []).map(({ kind, name, uid = '' }) => [`${kind} ${name}`, uid]),
  )
  for (const key of ['ConfigMap stays', 'ConfigMap changes', 'Deployment web'])
    if (before[key] !== undefined) t.equal(uids[key], before[key], `${what}: ${key} is the same object`)
  const history = record?.history ?? []
  t.same(
    history.map(({ generation }) => generation),
    [...new Set(history.map(({ generation }) => generation))].toSorted((a, b) => a - b),
    what,
  )
  const secrets = await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace })
  t.equal(secrets.items.length, history.length, `${what}: one snapshot for each generation`)
  const { objects } = await loadGeneration(cluster, set.name)
  t.equal(objects.length, wanted.length, what)
  return uids
}

type Running = (
  work: { readonly namespace: string; readonly objects: readonly DesiredObject[] },
  killAfterMs: number,
) => Promise<{ readonly outcome: 'killed' | 'done'; readonly ms: number }>

/** @returns a function that starts a process, which waits for its work. */
async function deliveringProcess(t: Test, kubeconfig: string): Promise<() => Running> {
  const directory = await temporaryDirectory(t, 'killed')
  const [program, config] = [join(directory, 'deliver.mjs'), join(directory, 'kubeconfig')]
  await writeFile(config, kubeconfig)
  await execa(ESBUILD, [
    PROCESS,
    '--bundle',
    '--platform=node',
    '--format=esm',
    `--outfile=${program}`,
    `--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
  ])
  return () => {
    const child = spawn(process.execPath, [program, config], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: directory },
    })
    t.teardown(() => void child.kill('SIGKILL'))
    const lines = createInterface(child.stdout)
    const exited = once(child, 'exit')
    const begun = new Promise<void>((resolve) => lines.on('line', (line) => line === 'begun' && resolve()))
    return async (work, killAfterMs) => {
      child.stdin.end(`${JSON.stringify(work)}\n`)
      await Promise.race([begun, exited])
      const began = performance.now()
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
      const [code] = (await exited) as [number | null]
      clearTimeout(timer)
      if (code !== null && code !== 0) throw new Error(`the process ended with status ${code}`)
      return { outcome: code === 0 ? 'done' : 'killed', ms: performance.now() - began }
    }
  }
}
