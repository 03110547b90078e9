/** Whether npm reaches its registry of packages, for tests that install. */
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { execa } from 'execa'

const LIMIT_MS = 20_000
const UNREACHABLE = /E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTCACHED)/

/** The reason why nothing can be installed here, or false. Any other failure of npm isn't a reason: it throws. */
export async function missingPackageRegistry(): Promise<string | false> {
  const { name, version } = await aDependency()
  const { failed, timedOut, stderr } = await execa(
    'npm',
    ['view', `${name}@${version}`, 'version', '--fetch-retries=0', '--prefer-online'],
    { cwd: tmpdir(), reject: false, timeout: LIMIT_MS },
  )
  if (!failed) return false
  const code = UNREACHABLE.exec(stderr)?.[0]
  if (!timedOut && code === undefined) throw new Error(`npm view failed: ${stderr}`)
  return `npm doesn’t reach its registry (${code ?? `no answer in ${LIMIT_MS / 1000} s`})`
}

async function aDependency(): Promise<{ name: string; version: string }> {
  const file = new URL('../../node_modules/fastify/package.json', import.meta.url)
  return JSON.parse(await readFile(file, 'utf8')) as { name: string; version: string }
}
