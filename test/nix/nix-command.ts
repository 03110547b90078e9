// The Nix command line, for tests of the Nix library: evaluate, fail to evaluate, build. The only place below test/nix
// that starts processes. Nothing is fetched, and no `result` links are made.
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
    inherit (import ${root}manifests { }) pod list;
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
  const message = /^error: (.*(?:\n {7}\S.*)*)/m.exec(result.stderr)?.[1] ?? result.stderr
  return message.replace(/^\s*\(use '--show-trace'.*$/m, '').trim()
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

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
