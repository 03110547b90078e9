/** kubectl's reader of YAML, built where Go is at hand; its answers are kept in answers.json for machines without. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { goAnswer, type Answer } from './answer.ts'
import { yamlCases } from './cases.ts'

const DIRECTORY = fileURLToPath(new URL('.', import.meta.url))
const TABLE = join(DIRECTORY, 'answers.json')
const BUILD_LIMIT_MS = 120_000

/** @param directory where the program goes. @returns its path, or why there is none. */
export async function buildReader(directory: string): Promise<{ program: string } | { missing: string }> {
  const program = join(directory, 'kubernetes-yaml')
  try {
    await execa('go', ['build', '-o', program, '.'], { cwd: DIRECTORY, timeout: BUILD_LIMIT_MS })
    return { program }
  } catch (error) {
    return {
      missing: `the Go program can’t be built: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}

export async function askReader(program: string, texts: readonly string[]): Promise<readonly Answer[]> {
  const input = texts.map((text) => `${JSON.stringify(text)}\n`).join('')
  const { stdout } = await execa(program, [], { input, maxBuffer: 100_000_000 })
  return stdout.split('\n').map(goAnswer)
}

/** Of each of `yamlCases`, in their order. */
export async function recordedAnswers(): Promise<readonly Answer[]> {
  const found: unknown = JSON.parse(await readFile(TABLE, 'utf8'))
  if (!Array.isArray(found)) throw new Error(`${TABLE} isn’t a list`)
  return found.map(String)
}

/** `node test/support/kubernetes-yaml/program.ts DIRECTORY` writes the table anew. */
if (import.meta.main) {
  const built = await buildReader(process.argv[2] ?? '.')
  if ('missing' in built) throw new Error(built.missing)
  await writeFile(TABLE, `${JSON.stringify(await askReader(built.program, yamlCases()), null, 2)}\n`)
}
