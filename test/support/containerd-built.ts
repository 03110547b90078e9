/**
 * A newer containerd than Debian has, built from its Go module with its shim and `ctr`. It takes four minutes of two
 * processors, so PUSHLESS_TEST_CONTAINERD=build asks for it, or names a directory that has it.
 */
import { execa } from 'execa'
import { builtProgram } from './built-programs.ts'
import { missing, searchPath } from './requirement.ts'

const VERSION = 'v2.4.2'
const PROGRAMS = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const
const BUILD_LIMIT_MS = 1_200_000

/** Returns the reason why there is no such containerd here, or false. */
export async function missingContainerd(): Promise<string | false> {
  try {
    await builtContainerd()
    return false
  } catch (error) {
    return `needs containerd ${VERSION}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

/** Returns the path of `containerd`; the other programs are beside it. @throws where there is none */
export async function builtContainerd(): Promise<string> {
  return builtProgram({
    name: `containerd-${VERSION}`,
    program: 'containerd',
    variable: 'PUSHLESS_TEST_CONTAINERD',
    build: async (directory) => {
      const reason = missing('go')
      if (reason !== false) throw new Error(reason)
      const modules = PROGRAMS.map((name) => `github.com/containerd/containerd/v2/cmd/${name}@${VERSION}`)
      await execa('go', ['install', '-trimpath', '-ldflags', '-s -w', ...modules], {
        env: { PATH: searchPath(), GOBIN: directory, GOFLAGS: '', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' },
        timeout: BUILD_LIMIT_MS,
      })
    },
  })
}
