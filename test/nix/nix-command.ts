// The Nix command line, for tests of the Nix library: evaluate, fail to evaluate, build. The only place below test/nix
// that starts processes. Nothing is fetched, and no `result` links are made.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { nixEnv } from '../support/nix.ts'
import pLimit from 'p-limit'

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

// Each evaluation is one process of some 50 ms; more at once than this only takes time from other tests.
const limit = pLimit(2)
const timeLimitMs = 60_000

// What the library needs and no more: no channels, no substituters, no settings of the one who runs the tests.
const prelude = `
  let
    inherit (import ${root}nix { }) image imageRef isImageName suggestImageName jsonFile;
    root = ${root}.;
    manifests = import ${root}manifests { };
    inherit (manifests) pod list;
    inherit (builtins) storeDir;
    make = name: derivation {
      inherit name;
      system = builtins.currentSystem;
      builder = "/bin/sh";
      args = [ "-c" "echo made > $out" ];
    };
    hello = make "hello";
    # An image of which only one argument is of interest.
    some = args: image ({ name = "some"; system = "x86_64-linux"; } // args);
    # Looks like a content-addressed derivation: its path isn't known when evaluating.
    floating = { type = "derivation"; outPath = "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"; };
  in
`

async function run(command: string, args: readonly string[], options: { input?: string } = {}) {
  return limit(() =>
    execa(command, [...args], {
      reject: false,
      timeout: timeLimitMs,
      env: { ...nixEnv, NIX_PATH: '' },
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    }),
  )
}

async function runOrThrow(command: string, args: readonly string[], options: { input?: string } = {}) {
  const result = await run(command, args, options)
  if (result.failed) throw new Error(`${command} failed: ${result.stderr}`)
  return result.stdout
}

/** Why tests that need Nix are skipped here, or false. Where CI is set they are not: a check that never ran isn't green. */
export const withoutNix: string | false = await (async () => {
  if (process.env['CI']) return false
  const found = await execa('nix-instantiate', ['--version'], { reject: false })
  return found.failed ? 'nix-instantiate is not on PATH' : false
})()

/** The value of an expression, as JSON gives it. The names of the prelude are in scope. */
export async function evaluate(expression: string): Promise<unknown> {
  const json = await runOrThrow('nix-instantiate', ['--eval', '--strict', '--json', '-'], {
    input: `${prelude}(${expression})`,
  })
  return JSON.parse(json)
}

/** The values of several expressions, by one process. */
export async function evaluateAll(expressions: readonly string[], before = ''): Promise<unknown[]> {
  const values = await evaluate(
    `${before} [ ${expressions.map((expression) => `(${expression})`).join('\n')} ]`,
  )
  if (!Array.isArray(values) || values.length !== expressions.length)
    throw new Error('nix-instantiate gave no list')
  return values
}

/** The message with which an expression is refused, without Nix's trace; undefined if it has a value. */
export async function refusal(expression: string): Promise<string | undefined> {
  const result = await run('nix-instantiate', ['--eval', '--strict', '--json', '-'], {
    input: `${prelude}(${expression})`,
  })
  if (!result.failed) return undefined
  return messageIn(result.stderr) ?? result.stderr
}

/** What happens when an expression is evaluated to its end. */
export interface Outcome {
  /** The message with which it is refused; undefined if it has a value. */
  readonly refusal: string | undefined
  /** What is traced meanwhile. */
  readonly traces: readonly string[]
}

/** What happens to each of several expressions, by one process: Nix's prompt is the command that goes on after an error. */
export async function outcomes(expressions: readonly string[], before = ''): Promise<Outcome[]> {
  const directory = await mkdtemp(join(tmpdir(), 'outcomes-'))
  try {
    const file = join(directory, 'cases.nix')
    const cases = expressions.map((expression) => `(${expression})`).join('\n')
    await writeFile(file, `${prelude}(${before} [ ${cases} ])`)
    const lines = expressions.map(
      (_, at) => `builtins.trace "case ${at}" (builtins.deepSeq (builtins.elemAt cases ${at}) "a value")`,
    )
    const input = [`cases = import ${file}`, ...lines, ''].join('\n')
    const { stderr } = await run('nix', ['--extra-experimental-features', 'nix-command', 'repl'], { input })
    const parts = stderr.split(/^trace: case \d+\n?/m).slice(1)
    if (parts.length !== expressions.length) throw new Error(`nix repl: ${stderr}`)
    return parts.map((part) => ({
      refusal: messageIn(part),
      traces: [...part.matchAll(/^trace: (.*)$/gm)].map(([, text = '']) => text),
    }))
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Builds the derivation that an expression gives; the path of its output. */
export async function build(expression: string): Promise<string> {
  const paths = await runOrThrow('nix-build', ['--no-out-link', '--quiet', '-E', `${prelude}(${expression})`])
  return lastLine(paths)
}

/** Builds an attribute of the file of an example, or what it is as a whole. */
export async function buildFile(file: string, attribute?: string): Promise<string> {
  const select = attribute === undefined ? [] : ['-A', attribute]
  return lastLine(await runOrThrow('nix-build', ['--no-out-link', '--quiet', `${root}${file}`, ...select]))
}

/** Answers of `nix-store --query`: references, requisites, deriver. */
export async function query(what: '--references' | '--requisites', path: string): Promise<string[]> {
  return (await runOrThrow('nix-store', ['--query', what, path])).split('\n').filter((line) => line !== '')
}

/** The message of an error as Nix prints it, without its trace. */
function messageIn(text: string): string | undefined {
  const message = /^error: (.*(?:\n {7}\S.*)*)/m.exec(text)?.[1]
  return message?.replace(/^\s*\(use '--show-trace'.*$/m, '').trim()
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
