/** Debian's etcd, in which API servers keep their objects. */
import { startDaemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

const READY_LIMIT_MS = 60_000

/** Runs until the scope ends. @returns the URL of its clients. */
export async function startEtcd(scope: Scope): Promise<string> {
  const directory = await temporaryDirectory(scope, 'etcd')
  const url = `http://127.0.0.1:${await freePort()}`
  await startDaemon(scope, {
    command: [
      'etcd',
      `--data-dir=${directory}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=http://127.0.0.1:${await freePort()}`,
      // What a test writes needn't outlive a power cut.
      '--unsafe-no-fsync',
    ],
    ready: (line) => (line.includes('ready to serve client requests') ? true : undefined),
    readyWithinMs: READY_LIMIT_MS,
  })
  return url
}
