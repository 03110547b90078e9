/** A node's root directory, as far as the set-up of nodes sees it: in a temporary directory, with the real script. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { startDaemon, type Daemon } from './daemon.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

const SCRIPT = fileURLToPath(new URL('../../manifests/registry/node-setup.sh', import.meta.url))
const SETUP_LIMIT_MS = 20_000

export type NodeRoot = {
  readonly directory: string
  /** Runs `apply` or `undo`, with these further settings. */
  readonly setUp: (
    word: string,
    env?: Environment,
  ) => Promise<{ readonly said: string; readonly code: number }>
  /** The process as its Pod has it, once it has written. */
  readonly start: (env?: Environment) => Promise<Daemon<true>>
  /** A file's text; undefined where there is none. */
  readonly read: (path: string) => Promise<string | undefined>
  readonly write: (path: string, text: string) => Promise<void>
}

type Environment = Readonly<Record<string, string>>

/** @param shell what the script is run by */
export async function nodeRoot(
  scope: Scope,
  url: string,
  shell: readonly [string, ...string[]] = ['sh'],
): Promise<NodeRoot> {
  const directory = await temporaryDirectory(scope, 'node')
  const environment = { ROOT: directory, URL: url, RUNTIMES: 'containerd' }
  const [file, ...args] = shell
  return {
    directory,
    async setUp(word, env = {}) {
      const { all, exitCode } = await execa(file, [...args, SCRIPT, word], {
        all: true,
        reject: false,
        stdin: 'ignore',
        timeout: SETUP_LIMIT_MS,
        env: { ...environment, ...env },
      })
      return { said: all, code: exitCode ?? -1 }
    },
    start: async (env = {}) =>
      startDaemon(scope, {
        command: [file, ...args, SCRIPT, 'run'],
        env: { ...environment, ...env },
        ready: (line) => (line === 'node-setup: ready' ? true : undefined),
      }),
    read: async (path) => readFile(join(directory, path), 'utf8').catch(() => undefined),
    async write(path, text) {
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await writeFile(join(directory, path), text)
    },
  }
}
