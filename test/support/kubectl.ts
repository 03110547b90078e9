/**
 * Real kubectl, with settings of the test's own. The server that it asks for the kinds there are is a stand-in: what is
 * shown is that kubectl takes every file for an object, in which order, and leaves the others alone.
 */
import { join } from 'node:path'
import { execa } from 'execa'
import { discoveryServer } from './discovery-server.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

const TIME_LIMIT_MS = 60_000

export async function kubectlFor(scope: Scope) {
  const home = await temporaryDirectory(scope, 'kubectl')
  const server = await discoveryServer(scope)
  const run = async (...args: readonly string[]) =>
    execa('kubectl', args, {
      env: { HOME: home, KUBECONFIG: join(home, 'none') },
      reject: false,
      timeout: TIME_LIMIT_MS,
    })
  /** `kubectl apply`: what it would create, in order, as `deployment.apps/web`. */
  const dryRun = async (...args: readonly string[]) => {
    const { stdout, stderr } = await run(
      'apply',
      '--server',
      server,
      '--dry-run=client',
      '--validate=false',
      ...args,
    )
    return { created: stdout.split('\n').map((line) => line.replace(/ created \(dry run\)$/, '')), stderr }
  }
  return { home, run, dryRun }
}
