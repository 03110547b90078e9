/**
 * The programs kubelet and kube-apiserver, which no Debian has. Both are one file, built from Kubernetes' published Go
 * module and kept in the user's cache (116 MB). Seven minutes of a processor are much for a test, so it is built before
 * the tests, by CI where Go is at hand (scripts/setup.sh), and elsewhere if PUSHLESS_TEST_KUBERNETES=build asks for it.
 * PUSHLESS_TEST_KUBERNETES may also name a directory that has them.
 *
 * 1.35 is the last that promises to work with containerd 1.x, which Debian has.
 */
import { access, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { missing, searchPath } from './requirement.ts'

type KubernetesProgram = 'kubelet' | 'kube-apiserver'

const PROGRAMS: readonly KubernetesProgram[] = ['kubelet', 'kube-apiserver']
/** As in go.mod. */
export const KUBERNETES_VERSION = '1.35.4'
const SOURCE = fileURLToPath(new URL('kubernetes-programs', import.meta.url))
/** Five minutes on two cores that do nothing else, and the modules' download. */
const BUILD_LIMIT_MS = 1_500_000

/** Returns the reason why there is no such program here (also after trying to build it, where that is asked for), or false. */
export async function missingKubernetes(name: KubernetesProgram): Promise<string | false> {
  try {
    await kubernetesProgram(name)
    return false
  } catch (error) {
    return `needs ${name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

/** Returns the path of the program. @throws where there is none */
export async function kubernetesProgram(name: KubernetesProgram): Promise<string> {
  const asked = process.env['PUSHLESS_TEST_KUBERNETES'] ?? ''
  if (asked !== '' && asked !== 'build') {
    if (await exists(join(asked, name))) return join(asked, name)
    throw new Error(`PUSHLESS_TEST_KUBERNETES names ${asked}, where it isn't`)
  }
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pushless')
  const directory = join(cache, `kubernetes-${KUBERNETES_VERSION}`)
  const program = join(directory, name)
  if (await exists(program)) return program
  if (asked === '') throw new Error('PUSHLESS_TEST_KUBERNETES names no directory, and is not `build`')
  const reason = missing('go')
  if (reason !== false) throw new Error(reason)
  const partial = `${directory}.part-${process.pid}`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true })
  const version = `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`
  const output = join(partial, 'kubernetes')
  await execa('go', ['build', '-buildvcs=false', '-ldflags', `-s -w ${version}`, '-o', output, '.'], {
    cwd: SOURCE,
    env: { PATH: searchPath(), GOFLAGS: '' },
    timeout: BUILD_LIMIT_MS,
  })
  for (const link of PROGRAMS) await symlink('kubernetes', join(partial, link))
  await rm(directory, { recursive: true, force: true })
  await rename(partial, directory)
  return program
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
