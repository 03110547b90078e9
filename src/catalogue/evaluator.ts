/**
 * Evaluates Nix expressions of others in a process that is limited. The one place of catalogues that starts a process.
 *
 * The process may read the library, the catalogue and the request alone (`restrict-eval`). It builds nothing, fetches
 * nothing, and has no environment, no programs, and limits of time, memory and output. What it may do is write
 * derivations to the store. Tried with Nix 2.8 and 2.26.
 */
import { access, constants, realpath } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import pLimit from 'p-limit'
import { explainNixError } from '../core/nix/nix-error.ts'
import { programMissing } from '../store/missing-nix.ts'
import { CatalogueError } from './catalogue-error.ts'

export type EvaluationLimits = {
  readonly timeMs: number
  /** Memory of Nix's values. The process may have 1 GiB of addresses beside it. */
  readonly memoryMiB: number
  readonly outputBytes: number
  /** Processes at once. */
  readonly processes: number
}

/** An evaluation of an entry with nixpkgs takes some seconds and 200 MiB; etcd takes no object above 1.5 MiB. */
const DEFAULT_LIMITS: EvaluationLimits = {
  timeMs: 30_000,
  memoryMiB: 512,
  outputBytes: 4 * 1024 * 1024,
  processes: 2,
}

export type EvaluatorOptions = {
  /** Directory that the Nix library is in: nix/ and manifests/. */
  readonly library: string
  /** The environment of this process: PATH finds Nix, and variables such as NIX_REMOTE are handed on. */
  readonly environment: { readonly [name: string]: string | undefined }
  /** Host that images are pulled from. Defaults to `nix.internal`. */
  readonly registry?: string
  /** `out`: images are built with the manifests; `drv`: when they are pulled. Defaults to `out`. */
  readonly mode?: 'out' | 'drv'
  /** More directories that catalogues may read, by the names that `<name>` gives them. */
  readonly includes?: { readonly [name: string]: string }
  readonly limits?: Partial<EvaluationLimits>
  /** Receives the library's warnings, a line each: what Kubernetes accepts, but is hardly meant so. */
  readonly onWarning?: (line: string) => void
}

type Evaluation = {
  /** The Nix file, below the library. */
  readonly file: string
  /** Arguments of its function, as strings. */
  readonly args: { readonly [name: string]: string }
  /** Files and directories that may be read, without symbolic links on the way. */
  readonly readable: readonly string[]
  /** Words for messages that say what is evaluated. */
  readonly subject: string
  readonly signal?: AbortSignal | undefined
}

export type Evaluator = {
  readonly settings: { readonly registry: string; readonly mode: 'out' | 'drv' }
  /** @returns JSON. @throws CatalogueError `evaluation-failed` or `limit-exceeded`; NixMissing. */
  readonly evaluate: (evaluation: Evaluation) => Promise<string>
}

const NIX = 'nix-instantiate'
const MIB = 1024 * 1024
/** Program, libraries, stacks of threads and the memory map of the database. */
const ADDRESSES_BESIDE_MIB = 1024
/** Limits of the process, which then becomes Nix. A system that can't limit addresses still limits Nix's values. */
const LIMITED = 'ulimit -c 0; ulimit -v "$1" 2>/dev/null || :; shift; exec "$@"'
/** Variables that say where the store and its configuration are. */
const HANDED_ON = [
  'NIX_REMOTE',
  'NIX_CONF_DIR',
  'NIX_STORE_DIR',
  'NIX_STATE_DIR',
  'NIX_LOG_DIR',
  'NIX_DAEMON_SOCKET_PATH',
]
/** Settings of the machine may be laxer, so each is given. */
const OPTIONS: readonly (readonly [string, string])[] = [
  ['restrict-eval', 'true'],
  ['allowed-uris', ''],
  ['allow-import-from-derivation', 'false'],
  ['allow-unsafe-native-code-during-evaluation', 'false'],
  ['experimental-features', ''],
  ['plugin-files', ''],
  ['substituters', ''],
  ['builders', ''],
]
const WARNING = /^trace: (warning: .*)$/
const MAX_WARNINGS = 20
const OUT_OF_MEMORY = /out of memory|bad_alloc|Too many heap sections/i

export function makeEvaluator(options: EvaluatorOptions): Evaluator {
  const { library, environment, registry = 'nix.internal', mode = 'out', includes = {} } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const queue = pLimit(limits.processes)
  return {
    settings: { registry, mode },
    evaluate: async (evaluation) => {
      const program = await findProgram(environment['PATH'])
      // Nix in restricted mode follows no symbolic link that leaves a directory.
      const real = await realpath(library)
      const named = await Promise.all(
        Object.entries(includes).map(async ([name, path]) => `${name}=${await realpath(path)}`),
      )
      const paths = [join(real, 'manifests'), join(real, 'nix'), ...evaluation.readable, ...named]
      return queue(async () => {
        evaluation.signal?.throwIfAborted()
        const whole = { ...evaluation, file: join(real, evaluation.file) }
        const { stdout, stderr } = await run(program, whole, paths, limits, environment)
        if (options.onWarning !== undefined) warningsIn(stderr).forEach(options.onWarning)
        return stdout
      })
    },
  }
}

async function run(
  program: string,
  { file, args, subject, signal }: Evaluation,
  readable: readonly string[],
  limits: EvaluationLimits,
  environment: EvaluatorOptions['environment'],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const handedOn = HANDED_ON.flatMap((name) => {
    const value = environment[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const words = [
    String((limits.memoryMiB + ADDRESSES_BESIDE_MIB) * 1024),
    program,
    '--eval',
    '--strict',
    '--json',
    '--read-write-mode',
    ...OPTIONS.flatMap(([name, value]) => ['--option', name, value]),
    ...readable.flatMap((path) => ['-I', path]),
    ...Object.entries(args).flatMap(([name, value]) => ['--argstr', name, value]),
    file,
  ]
  const result = await execa('/bin/sh', ['-c', LIMITED, 'sh', ...words], {
    stdin: 'ignore',
    reject: false,
    extendEnv: false,
    env: {
      ...Object.fromEntries(handedOn),
      NIX_USER_CONF_FILES: '',
      NIX_PATH: '',
      HOME: '/homeless-shelter',
      PATH: '',
      GC_MAXIMUM_HEAP_SIZE: String(limits.memoryMiB * MIB),
    },
    timeout: limits.timeMs,
    // A loop that allocates nothing doesn't notice SIGTERM.
    killSignal: 'SIGKILL',
    maxBuffer: limits.outputBytes,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  })
  if (!result.failed) return result
  signal?.throwIfAborted()
  const exceeded = (message: string) => new CatalogueError('limit-exceeded', `${subject}: ${message}`)
  if (result.timedOut) throw exceeded(`the evaluation took longer than ${limits.timeMs / 1000} s`)
  if (result.isMaxBuffer) throw exceeded(`the evaluation wrote more than ${limits.outputBytes / MIB} MiB`)
  if (OUT_OF_MEMORY.test(result.stderr) || result.signal !== undefined)
    throw exceeded(`the evaluation needed more than ${limits.memoryMiB} MiB of memory`)
  const message = explainNixError(result.stderr) ?? result.shortMessage
  throw new CatalogueError('evaluation-failed', `${subject}: ${message}`)
}

function warningsIn(stderr: string): readonly string[] {
  const found = stderr.split('\n').flatMap((line) => WARNING.exec(stripVTControlCharacters(line))?.[1] ?? [])
  return found.slice(0, MAX_WARNINGS)
}

/** Its absolute path, since the process has no PATH. */
async function findProgram(searchPath: string | undefined): Promise<string> {
  for (const directory of (searchPath ?? '').split(delimiter)) {
    const candidate = join(directory, NIX)
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (directory.startsWith('/') && isThere) return candidate
  }
  throw programMissing(NIX)
}
