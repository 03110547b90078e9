/**
 * Kubernetes' own programs, which no Debian has. All are one file, built from Kubernetes' published Go module and kept in
 * the user's cache. Nine minutes of a processor are much for a test, so it is built before the tests, by CI where Go is at
 * hand (scripts/setup.sh), and elsewhere if PUSHLESS_TEST_KUBERNETES=build asks for it. PUSHLESS_TEST_KUBERNETES may also name a directory that has them.
 *
 * 1.35 is the last that promises to work with containerd 1.x, which Debian has.
 */
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { builtProgram } from './built-programs.ts'
import { missing, searchPath } from './requirement.ts'

const PROGRAMS = ['kubelet', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const
type KubernetesProgram = (typeof PROGRAMS)[number]

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
  return builtProgram({
    name: `kubernetes-programs-${KUBERNETES_VERSION}`,
    program: name,
    variable: 'PUSHLESS_TEST_KUBERNETES',
    build: async (directory) => {
      const reason = missing('go')
      if (reason !== false) throw new Error(reason)
      const version = `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`
      const output = join(directory, 'kubernetes')
      await execa('go', ['build', '-buildvcs=false', '-ldflags', `-s -w ${version}`, '-o', output, '.'], {
        cwd: SOURCE,
        env: { PATH: searchPath(), GOFLAGS: '' },
        timeout: BUILD_LIMIT_MS,
      })
      for (const link of PROGRAMS) await symlink('kubernetes', join(directory, link))
    },
  })
}
