/** A real server of S3: versitygw, which serves a directory of buckets and verifies the signature of each request. */
import { startDaemon } from './daemon.ts'
import { goTool } from './go-tools.ts'
import { freePort } from './free-port.ts'
import type { Scope } from './scope.ts'

export const S3_KEY = { id: 'pushless', secret: 'a secret of the tests' } as const
export const S3_REGION = 'eu-west-1'

/** @param directory has a directory for each bucket. @returns `host:port`. */
export async function startS3Server(scope: Scope, directory: string): Promise<string> {
  const endpoint = `127.0.0.1:${await freePort()}`
  const program = await goTool('versitygw')
  await startDaemon(scope, {
    command: [program, '--port', endpoint, '--region', S3_REGION, 'posix', '--nometa', directory],
    env: { ROOT_ACCESS_KEY: S3_KEY.id, ROOT_SECRET_KEY: S3_KEY.secret },
    ready: (line) => (line.includes(`http://${endpoint}`) ? true : undefined),
  })
  return endpoint
}
