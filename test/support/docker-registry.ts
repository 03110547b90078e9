/**
 * The reference registry (Debian's docker-registry 2.8) on a port of the loopback: the peer that the bench measures
 * against, and the proof that these helpers find a correct registry correct.
 */
import { join } from 'node:path'
import { mkdir, writeFile } from 'node:fs/promises'
import { startDaemon } from './daemon.ts'
import { searchPath } from './requirement.ts'
import { temporaryDirectory } from './scope.ts'
import type { Scope } from './scope.ts'

export interface DockerRegistry {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Where it keeps blobs, e.g. to measure what a push costs on disk. */
  readonly data: string
  stop(): Promise<void>
}

/** @param program the `docker-registry` of Debian, or a `registry` of a newer distribution. */
export async function startDockerRegistry(
  scope: Scope,
  program = 'docker-registry',
): Promise<DockerRegistry> {
  const directory = await temporaryDirectory(scope, 'docker-registry')
  const data = join(directory, 'data')
  await mkdir(data)
  const config = join(directory, 'config.yml')
  // The file is JSON, which is YAML. A level above `info` would hide the line that names the port.
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: data }, delete: { enabled: false } },
      http: { addr: '127.0.0.1:0', secret: 'none' },
    }),
  )
  const daemon = await startDaemon(scope, {
    command: [program, 'serve', config],
    env: { PATH: searchPath() },
    ready: (line) => /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1],
  })
  const port = Number(daemon.ready)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: daemon.pid,
    data,
    stop: async () => void (await daemon.stop()),
  }
}
