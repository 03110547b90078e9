import { execa } from 'execa'
import { nixEnv } from '../support/nix.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

type Export = (...args: readonly string[]) => ReturnType<typeof run>

/** `pushless export` with a state of its own. */
export async function exporter(
  scope: Scope,
): Promise<{ run: Export; directory: string; command: readonly string[] }> {
  const directory = await temporaryDirectory(scope, 'export')
  const state = await temporaryDirectory(scope, 'state')
  const command = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    'dist/main.js',
    'export',
    '--state',
    state,
  ]
  return { run: (...args) => run([...command, ...args]), directory, command }
}

async function run([file = '', ...args]: readonly string[]) {
  return execa(file, args, { env: nixEnv, reject: false, stdin: 'ignore' })
}
