/**
 * The program kubelet, which no Debian has. It is built from Kubernetes' published Go module, and kept in the user's
 * cache (83 MB). Nine and a half minutes of a processor are much for a test, so it is built before the tests, by CI where
 * Go is at hand (scripts/setup.sh), and elsewhere if PUSHLESS_TEST_KUBELET=build asks for it. PUSHLESS_TEST_KUBELET may name one
 * that is there, too.
 *
 * 1.35 is the last that promises to work with containerd 1.x, which Debian has.
 */
import { access, mkdir, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { missing, searchPath } from './requirement.ts'

/** As in go.mod. */
const VERSION = '1.35.4'
const SOURCE = fileURLToPath(new URL('kubelet-program', import.meta.url))
/** Five minutes on two cores that do nothing else, and the modules' download. */
const BUILD_LIMIT_MS = 1_500_000

/** The reason why there is no kubelet here (also after trying to build it, where that is asked for), or false. */
export async function missingKubelet(): Promise<string | false> {
  const reason = missing('root', 'containerd')
  if (reason !== false) return reason
  try {
    await kubeletProgram()
    return false
  } catch (error) {
    return `needs a kubelet: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

/** @throws where there is none */
export async function kubeletProgram(): Promise<string> {
  const asked = process.env['PUSHLESS_TEST_KUBELET'] ?? ''
  if (asked !== '' && asked !== 'build') {
    if (await exists(asked)) return asked
    throw new Error(`PUSHLESS_TEST_KUBELET names ${asked}, which isn't there`)
  }
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pushless')
  const program = join(cache, `kubelet-${VERSION}`)
  if (await exists(program)) return program
  if (asked === '') throw new Error('PUSHLESS_TEST_KUBELET names none, and is not `build`')
  const reason = missing('go')
  if (reason !== false) throw new Error(reason)
  await mkdir(cache, { recursive: true })
  const partial = `${program}.part-${process.pid}`
  const version = `-X k8s.io/component-base/version.gitVersion=v${VERSION}`
  await execa('go', ['build', '-buildvcs=false', '-ldflags', `-s -w ${version}`, '-o', partial, '.'], {
    cwd: SOURCE,
    env: { PATH: searchPath(), GOFLAGS: '' },
    timeout: BUILD_LIMIT_MS,
  })
  await rename(partial, program)
  return program
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
