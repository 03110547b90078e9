/**
 * A containerd that mounts EROFS layers. Debian's are too old, so it is built from its Go module: four minutes of two
 * processors, where PUSHLESS_TEST_CONTAINERD=build asks for it. The variable may also name a directory that has it.
 */
import { chmod, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { builtProgram } from './built-programs.ts'
import { missing, searchPath } from './requirement.ts'

const VERSION = 'v2.4.2'
const PROGRAMS = ['containerd', 'ctr', 'containerd-shim-runc-v2']
const BUILD_LIMIT_MS = 1_500_000
/** containerd loads its differ for EROFS where this has the option. It runs it for tar layers alone. */
const MKFS = "#!/bin/sh\necho '--tar=X'\n"

/** Returns the reason why there is no such containerd here, or false. */
export async function missingErofsContainerd(): Promise<string | false> {
  try {
    await erofsContainerd()
    return false
  } catch (error) {
    return `needs containerd ${VERSION}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

/** Returns the directory of its programs. @throws where there is none */
export async function erofsContainerd(): Promise<string> {
  const program = await builtProgram({
    name: `erofs-containerd-${VERSION}`,
    program: 'containerd',
    variable: 'PUSHLESS_TEST_CONTAINERD',
    build: async (directory) => {
      const reason = missing('go')
      if (reason !== false) throw new Error(reason)
      const modules = PROGRAMS.map((name) => `github.com/containerd/containerd/v2/cmd/${name}@${VERSION}`)
      await execa('go', ['install', '-trimpath', '-ldflags', '-s -w', ...modules], {
        env: { PATH: searchPath(), GOBIN: directory, GOFLAGS: '', GOTOOLCHAIN: 'local' },
        timeout: BUILD_LIMIT_MS,
      })
      await writeFile(join(directory, 'mkfs.erofs'), MKFS)
      await chmod(join(directory, 'mkfs.erofs'), 0o755)
    },
  })
  return dirname(program)
}
