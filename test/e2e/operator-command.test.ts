/** `pushless operator` as a process: health, metrics, its Lease, and a clean end. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { textAt } from '../../src/core/json-fields.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { startDaemon } from '../support/daemon.ts'
import { freePort } from '../support/free-port.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { PROFILES, clusterOf, conditionIn, installOperator, profile, until } from '../support/operator-rig.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = missing('etcd', 'kubectl') || (await missingKubernetes('kube-apiserver'))
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const GONE = '/nix/store/00000000000000000000000000000000-gone'

void t.test('pushless operator', { skip }, async (t) => {
  const directory = await temporaryDirectory(t, 'operator')
  const { provider } = await startControlPlane(t)
  const own = clusterOf(t, provider.kubeconfig)
  await installOperator(own)
  const kubeconfig = join(directory, 'config')
  await writeFile(kubeconfig, provider.kubeconfig)
  const port = await freePort()
  const operator = await startDaemon(t, {
    command: [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      MAIN,
      'operator',
      '--kubeconfig',
      kubeconfig,
      '--health-listen',
      `127.0.0.1:${port}`,
      '--store',
      'cache',
      '--caches',
      `file://${directory}/cache`,
      '--state',
      join(directory, 'state'),
      '--default-service-account',
      '',
      '--log-format',
      'json',
    ],
    ready: (line) => (line.includes('"leading"') ? true : undefined),
    readyWithinMs: 30_000,
  })
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, text: await response.text() }
  }
  const lease = async () =>
    own.get({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: 'default',
      name: 'pushless-operator',
    })
  t.same((await ask('/healthz')).status, 200)
  t.same((await ask('/readyz')).status, 200)
  t.same((await ask('/other')).status, 404)
  t.match((await ask('/metrics')).text, /^pushless_operator_leading 1$/m)
  await own.apply(profile('default', 'gone', { source: { storePath: GONE } }))
  await until('it has failed', async () => {
    const live = await own.get({ ...PROFILES, namespace: 'default', name: 'gone' })
    return conditionIn(live, 'Built') === 'False FetchFailed'
  })
  t.match((await ask('/metrics')).text, /^pushless_operator_failures_total\{reason="FetchFailed"\} [1-9]/m)
  const kubectl = async (...args: readonly string[]) =>
    (await execa('kubectl', args, { env: { KUBECONFIG: kubeconfig, HOME: directory } })).stdout
  t.match(await kubectl('get', 'dp'), /^NAME +READY +REVISION +GENERATION +AGE +MESSAGE\ngone +False/)
  t.match(await kubectl('get', 'pushless'), /gone/)
  t.match(await kubectl('explain', 'dp.spec.source.storePath'), /A store path that has manifests/)
  t.match(await kubectl('explain', 'dset.spec.rollout'), /How many clusters get a change at once/)
  t.ok(textAt(await lease(), 'spec', 'holderIdentity'))
  await operator.stop()
  t.equal(textAt(await lease(), 'spec', 'holderIdentity') ?? '', '', 'the Lease is released')
})

void t.test('wrong flags', async (t) => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['--health-listen', 'x'], /--health-listen x: expected an address and a port/],
    [['--concurrency', '0'], /--concurrency 0: expected a whole number above 0/],
    [['--kubeconfig', '/nonexistent'], /nonexistent/],
  ]
  const directory = await temporaryDirectory(t, 'operator')
  const kubeconfig = join(directory, 'config')
  await writeFile(
    kubeconfig,
    'current-context: a\ncontexts: [{name: a, context: {cluster: a}}]\nclusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}]\n',
  )
  for (const [args, message] of rows) {
    const { exitCode, stderr } = await execa(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN, 'operator', '--kubeconfig', kubeconfig, ...args],
      { reject: false, timeout: 20_000 },
    )
    t.equal(exitCode, 2, args.join(' '))
    t.match(stderr, message)
  }
})
