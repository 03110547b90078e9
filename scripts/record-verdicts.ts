/**
 * Asks a Kubernetes API server about each mistake of test/support/server-verdicts.ts, and writes what it says to
 * test/fixtures/api-server-verdicts.json: `node scripts/record-verdicts.ts`, with etcd and kube-apiserver at hand
 * (test/support/kubernetes-programs.ts). To be run when the objects, the mistakes or the server's version change.
 */
import { writeFile } from 'node:fs/promises'
import pLimit from 'p-limit'
import { startApiServer } from '../test/support/api-server.ts'
import { kubernetesClient } from '../test/support/kubernetes-client.ts'
import { KUBERNETES_VERSION } from '../test/support/kubernetes-programs.ts'
import { ObjectJudge } from '../test/support/object-judge.ts'
import { scoped } from '../test/support/scope.ts'
import {
  digestOf,
  mistakes,
  packBits,
  rightObjects,
  VERDICTS_FILE,
  type Verdicts,
} from '../test/support/server-verdicts.ts'

const AT_ONCE = 8

await scoped(async (scope) => {
  const judge = new ObjectJudge(kubernetesClient(scope, (await startApiServer(scope)).kubeconfig))
  const right = await rightObjects()
  for (const name of new Set(right.map(({ metadata }) => metadata.namespace)))
    if (name !== undefined) await judge.makeNamespace(name)
  for (const object of right) {
    const { isRefused, reason } = await judge.judge(object)
    if (isRefused) throw new Error(`${object.kind}/${object.metadata.name} is refused: ${reason}`)
  }
  const made = await mistakes()
  const limit = pLimit(AT_ONCE)
  const refused = await Promise.all(
    made.map(({ object }) => limit(async () => (await judge.judge(object)).isRefused)),
  )
  const verdicts: Verdicts = {
    kubernetes: KUBERNETES_VERSION,
    digest: digestOf(made),
    refused: packBits(refused),
  }
  await writeFile(VERDICTS_FILE, `${JSON.stringify(verdicts, null, 2)}\n`)
  console.log(`${VERDICTS_FILE}: ${refused.filter(Boolean).length} of ${made.length} refused`)
})
