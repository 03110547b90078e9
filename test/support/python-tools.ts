/**
 * Checkers of SBOMs from PyPI, in a directory of their own: PUSHLESS_TEST_PYTHON_TOOLS=build installs them, or names a
 * directory that has them.
 */
import { execa } from 'execa'
import { builtProgram } from './built-programs.ts'
import { missing, searchPath } from './requirement.ts'

const PACKAGES = ['ntia-conformance-checker==6.0.0', 'cyclonedx-python-lib[json-validation]==11.2.0']
const MAIN = 'ntia_conformance_checker/main.py'
const BUILD_LIMIT_MS = 300_000
const RUN_LIMIT_MS = 60_000

/** Returns the reason why the checkers aren't here, or false. */
export async function missingCheckers(): Promise<string | false> {
  try {
    await checkerDirectory()
    return false
  } catch (error) {
    return `needs checkers of SBOMs: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

/** Runs Python where the checkers can be imported. @throws where there are none */
export async function runChecker(
  ...args: readonly string[]
): Promise<{ exitCode: number | undefined; text: string }> {
  const env = { PATH: searchPath(), PYTHONPATH: await checkerDirectory() }
  const options = { env, timeout: RUN_LIMIT_MS, reject: false, all: true } as const
  const { exitCode, all } = await execa('python3', args, options)
  return { exitCode, text: all }
}

async function checkerDirectory(): Promise<string> {
  const main = await builtProgram({
    name: 'sbom-checkers-2',
    program: MAIN,
    variable: 'PUSHLESS_TEST_PYTHON_TOOLS',
    build: async (directory) => {
      const reason = missing('python3', 'pip3')
      if (reason !== false) throw new Error(reason)
      const args = ['install', '--quiet', '--target', directory, ...PACKAGES]
      await execa('pip3', args, { env: { PATH: searchPath() }, timeout: BUILD_LIMIT_MS })
    },
  })
  return main.slice(0, -MAIN.length - 1)
}
