/**
 * The scanner grype, and a program that writes vulnerability databases for it. Both are built from one Go module, so that
 * the database has the form which this grype reads. They are kept in the user's cache (160 MB). PUSHLESS_TEST_GO_TOOLS=build
 * builds them, or names a directory that has them.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { builtProgram } from './built-programs.ts'
import { missing, searchPath } from './requirement.ts'

/** A vulnerability of a product. */
export type GrypeEntry = {
  readonly id: string
  /** Vendor and product of a CPE. */
  readonly vendor: string
  readonly product: string
  /** Affected versions, such as `>= 1.0, < 1.3`. */
  readonly constraint: string
  readonly fixedIn: string
  readonly severity: 'critical' | 'high' | 'medium' | 'low'
}

type GrypeProgram = 'grype' | 'grype-database'

const SOURCE = fileURLToPath(new URL('grype-database', import.meta.url))
/** 270 seconds of a processor, and the modules' download. */
const BUILD_LIMIT_MS = 1_200_000
const RUN_LIMIT_MS = 60_000

/** Returns the reason why there is no grype here, or false. */
export async function missingGrype(): Promise<string | false> {
  try {
    await grypeProgram('grype-database')
    await grypeProgram('grype')
    return false
  } catch (error) {
    return `needs grype: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

/** Returns the path of the program. @throws where there is none */
export async function grypeProgram(name: GrypeProgram): Promise<string> {
  return builtProgram({
    name: `grype-${await sourceHash()}`,
    program: name,
    variable: 'PUSHLESS_TEST_GO_TOOLS',
    build: async (directory) => {
      const reason = missing('go')
      if (reason !== false) throw new Error(reason)
      const packages = ['.', 'github.com/anchore/grype/cmd/grype']
      const flags = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', directory]
      await execa('go', ['build', ...flags, ...packages], {
        cwd: SOURCE,
        env: { PATH: searchPath(), GOFLAGS: '', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' },
        timeout: BUILD_LIMIT_MS,
      })
    },
  })
}

/** Writes a database of these entries to a directory. */
export async function writeGrypeDatabase(directory: string, entries: readonly GrypeEntry[]): Promise<void> {
  await execa(await grypeProgram('grype-database'), [directory], {
    input: JSON.stringify(entries),
    timeout: RUN_LIMIT_MS,
  })
}

/**
 * Returns grype's JSON report. Its settings turn off every request.
 * @param database the directory that `writeGrypeDatabase` has written.
 * @param proxy URL of the proxy that a request would go through all the same.
 */
export async function runGrype(database: string, proxy: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(await grypeProgram('grype'), ['--output', 'json', ...args], {
    cwd: database,
    // No setting of the one who runs the tests counts.
    extendEnv: false,
    env: {
      HOME: database,
      XDG_CACHE_HOME: database,
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      GRYPE_CHECK_FOR_APP_UPDATE: 'false',
      GRYPE_DB_AUTO_UPDATE: 'false',
      GRYPE_DB_CACHE_DIR: database,
      GRYPE_DB_VALIDATE_AGE: 'false',
      GRYPE_DB_VALIDATE_BY_HASH_ON_START: 'true',
    },
    timeout: RUN_LIMIT_MS,
  })
  return stdout
}

/** The cache keeps programs until their source changes. */
async function sourceHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of ['go.mod', 'go.sum', 'main.go']) hash.update(await readFile(join(SOURCE, name)))
  return hash.digest('hex').slice(0, 12)
}
