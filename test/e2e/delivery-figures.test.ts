/** How long deliveries take. It runs alone, since another test beside it would be measured, too. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { startApiServer } from '../support/api-server.ts'
import { configMap, deployment, makeNamespace, service } from '../support/delivered-set.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-apiserver'))
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const LIMIT_MS = 60_000
const TARGET_MS = 3_000

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
  },
)
