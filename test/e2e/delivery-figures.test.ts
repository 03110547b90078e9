/** How long deliveries take. It runs alone, since another test beside it would be measured, too. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { loadGeneration } from '../../src/delivery/find-drift.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { startApiServer } from '../support/api-server.ts'
import { configMap, deliveredSet, deployment, makeNamespace, service } from '../support/delivered-set.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-apiserver'))
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const LIMIT_MS = 60_000
const TARGET_MS = 3_000
const FIRST_OBJECT_MS = 1_000

void t.test(
  '200 objects that are there take three seconds at most',
  { skip, timeout: 180_000 },
  async (t) => {
    const server = await startApiServer(t)
    const cluster = kubernetesCluster(parseKubeconfig(server.kubeconfig))
    t.teardown(() => cluster.close())
    const home = await temporaryDirectory(t, 'figures')
    await writeFile(join(home, 'config'), server.kubeconfig)
    await makeNamespace(cluster, 'many')
    await mkdir(join(home, 'many'))
    for (let i = 0; i < 200; i++) {
      const name = `o${i}`
      const object = i < 100 ? deployment(name) : i < 160 ? configMap(name) : service(name)
      await writeFile(join(home, `many/${name}.json`), JSON.stringify(object))
    }
    const apply = async () =>
      execa(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          MAIN,
          'apply',
          './many',
          '--no-registry',
          '--namespace',
          'many',
        ],
        {
          cwd: home,
          env: { HOME: home, KUBECONFIG: join(home, 'config'), XDG_STATE_HOME: home },
          reject: false,
          timeout: LIMIT_MS,
        },
      )
    t.match(await apply(), { exitCode: 0 })
    const began = performance.now()
    t.match(await apply(), { exitCode: 0, stderr: '' })
    const took = performance.now() - began
    t.comment(`${Math.round(took)} ms`)
    t.ok(took < TARGET_MS, `${took} ms`)

    await t.test('a rollback of 50 objects begins within a second', async (t) => {
      const set = deliveredSet(cluster, await makeNamespace(cluster, 'rollback'))
      for (const v of ['1', '2'])
        await set.deliver([
          ...Array.from({ length: 30 }, (_, i) => configMap(`o${i}`, { v })),
          ...Array.from({ length: 20 }, (_, i) => deployment(`o${i}`)),
        ])
      const begun = performance.now()
      let firstMs: number | undefined
      const { entry, objects } = await loadGeneration(cluster, set.name, 1)
      await set.deliver([], {
        objects,
        revision: entry.revision,
        onEvent: ({ kind }) => {
          if (kind === 'object') firstMs ??= performance.now() - begun
        },
      })
      t.comment(`the first object after ${Math.round(firstMs ?? 0)} ms`)
      t.ok(firstMs !== undefined && firstMs < FIRST_OBJECT_MS, `${firstMs} ms`)
    })
  },
)
