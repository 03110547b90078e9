import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ExecCredentials } from '../../../../src/kubernetes/client/credentials/exec-credentials.ts'
import { kubernetesCluster } from '../../../../src/kubernetes/client/kubernetes-cluster.ts'
import { temporaryDirectory, type Scope } from '../../../support/scope.ts'
import {
  answerDiscovery,
  answerJson,
  startScriptedServer,
  statusObject,
} from '../../../support/scripted-api-server.ts'
import { failureKind } from '../../../support/failure-kind.ts'

const API_VERSION = 'client.authentication.k8s.io/v1'
const NOW = Date.parse('2026-01-01T00:00:00Z')

/** A plugin that notes each run in a file beside it. */
async function plugin(scope: Scope, script: string) {
  const directory = await temporaryDirectory(scope, 'plugin')
  const command = join(directory, 'login')
  await writeFile(command, `#!/bin/sh\necho run >> "${directory}/runs"\n${script}\n`)
  await chmod(command, 0o755)
  return {
    plugin: {
      apiVersion: API_VERSION,
      command,
      args: ['first'],
      environment: { GIVEN: 'yes' },
      installHint: 'install it from the shop',
      cluster: { server: 'https://a.example' },
    },
    runs: async () => (await readFile(join(directory, 'runs'), 'utf8')).split('\n').length - 1,
  }
}

function answer(status: string): string {
  return `printf '%s' '{"apiVersion":"${API_VERSION}","kind":"ExecCredential","status":${status}}'`
}

void t.test('runs a plugin once for all callers, until its credentials expire', async (t) => {
  const { plugin: given, runs } = await plugin(
    t,
    answer('{"token":"abc","expirationTimestamp":"2026-01-01T01:00:00Z"}'),
  )
  let now = NOW
  const credentials = new ExecCredentials(given, () => now)
  const all = await Promise.all([credentials.current(), credentials.current()])
  t.same(new Set(all.map(({ token }) => token)), new Set(['abc']))
  now += 3_580_000
  await credentials.current()
  t.equal(await runs(), 1)
  now += 15_000
  const renewed = await credentials.current()
  t.equal(await runs(), 2, 'they would expire in 5 s')
  now = NOW
  credentials.forget(renewed)
  await credentials.current()
  t.equal(await runs(), 3, 'they were refused')
})

void t.test('does not run a plugin for each request where the clocks differ', async (t) => {
  const { plugin: given, runs } = await plugin(
    t,
    answer('{"token":"abc","expirationTimestamp":"2026-01-01T01:00:00Z"}'),
  )
  const credentials = new ExecCredentials(given, () => NOW + 7_200_000)
  const first = await credentials.current()
  await credentials.current()
  t.equal(await runs(), 1)
  credentials.forget(first)
  await credentials.current()
  t.equal(await runs(), 2, 'they were refused')
})

void t.test('gives the plugin its arguments, variables and the cluster', async (t) => {
  const { plugin: given } = await plugin(
    t,
    `[ "$1" = first ] && [ "$GIVEN" = yes ] && case "$KUBERNETES_EXEC_INFO" in
     *'"kind":"ExecCredential","spec":{"interactive":false,"cluster":{"server":"https://a.example"}}'*) ;;
     *) exit 1 ;; esac
     ${answer('{"clientCertificateData":"C","clientKeyData":"K"}')}`,
  )
  t.match(await new ExecCredentials(given).current(), {
    token: undefined,
    certificate: { cert: 'C', key: 'K' },
    expiresAt: Infinity,
  })
})

const FAILURES: readonly (readonly [what: string, script: string, message: RegExp])[] = [
  ['fails', 'echo "log in first" >&2; exit 3', /login.*: log in first/s],
  ['prints no JSON', 'echo hello', /login: it printed no ExecCredential/],
  ['has no credentials', answer('{}'), /login: its ExecCredential has no token and no certificate/],
]
for (const [what, script, message] of FAILURES)
  void t.test(`says that a plugin ${what}`, async (t) => {
    const { plugin: given } = await plugin(t, script)
    await t.rejects(new ExecCredentials(given).current(), { kind: 'configuration', message })
  })

void t.test('says how to install a plugin that is missing', async (t) => {
  const { plugin: given } = await plugin(t, '')
  await t.rejects(new ExecCredentials({ ...given, command: 'no-such-login' }).current(), {
    kind: 'configuration',
    message: /no-such-login.*install it from the shop/s,
  })
})

void t.test('credentials that the server refuses are renewed once', async (t) => {
  const { plugin: given, runs } = await plugin(
    t,
    `printf '{"status":{"token":"token-%s"}}' "$(wc -l < "$(dirname "$0")/runs")"`,
  )
  const accepted = new Set(['Bearer token-1'])
  const server = await startScriptedServer(t, (request, response) => {
    if (!accepted.has(request.headers.authorization ?? ''))
      answerJson(response, 401, statusObject(401, 'Unauthorized', 'Unauthorized'))
    else answerDiscovery(request, response)
  })
  const cluster = kubernetesCluster({
    ...server.access,
    credentials: { certificate: undefined, bearer: { kind: 'exec', plugin: given } },
  })
  t.teardown(() => cluster.close())
  const kind = { apiVersion: 'v1', kind: 'ConfigMap' }
  t.ok(await cluster.resource(kind))
  t.equal(await runs(), 1)
  accepted.clear()
  accepted.add('Bearer token-2')
  cluster.forgetKinds()
  t.ok(await cluster.resource(kind))
  t.equal(await runs(), 2, 'both requests share one run')
  accepted.clear()
  cluster.forgetKinds()
  t.equal(await failureKind(cluster.resource(kind)), 'unauthorized')
})
