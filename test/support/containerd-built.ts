/**
 * Newer containerds than Debian has, built from their Go module with shim and `ctr`. One takes three to six minutes of a
 * processor, so a variable asks for each by `build`, or names a directory that has it.
 */
import { execa } from 'execa'
import { builtProgram } from './built-programs.ts'
import { missing, searchPath } from './requirement.ts'

/** The versions that mount layers in EROFS. CI builds 2.4 alone. */
const BUILDS = {
  '2.4': { version: 'v2.4.2', variable: 'PUSHLESS_TEST_CONTAINERD' },
  '2.3': { version: 'v2.3.7', variable: 'PUSHLESS_TEST_CONTAINERD_2_3' },
} as const
export type BuiltVersion = keyof typeof BUILDS

const PROGRAMS = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const
const BUILD_LIMIT_MS = 1_200_000

export function isBuiltVersion(name: string): name is BuiltVersion {
  return Object.hasOwn(BUILDS, name)
}

/** Returns the reason why there is no such containerd here, or false. */
export async function missingContainerd(built: BuiltVersion): Promise<string | false> {
  try {
    await builtContainerd(built)
    return false
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return `needs containerd ${BUILDS[built].version}: ${why}`
  }
}

/** Returns the path of `containerd`; the other programs are beside it. @throws where there is none */
export async function builtContainerd(built: BuiltVersion): Promise<string> {
  const { version, variable } = BUILDS[built]
  return builtProgram({
    name: `containerd-${version}`,
    program: 'containerd',
    variable,
    build: async (directory) => {
      const reason = missing('go')
      if (reason !== false) throw new Error(reason)
      const modules = PROGRAMS.map((name) => `github.com/containerd/containerd/v2/cmd/${name}@${version}`)
      await execa('go', ['install', '-trimpath', '-ldflags', '-s -w', ...modules], {
        env: { PATH: searchPath(), GOBIN: directory, GOFLAGS: '', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' },
        timeout: BUILD_LIMIT_MS,
      })
    },
  })
}
