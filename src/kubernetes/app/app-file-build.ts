/**
 * Has Nix make manifests of applications: one run of Nix on manifests/app/command.nix. The server never comes here: it
 * speaks to Nix's daemon alone, while this is a developer's own command, run as if they had typed it.
 *
 * What a file says reaches Nix as JSON in a file of its own, so none of it is ever read as an expression or an option.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runNix } from './run-nix.ts'

export type AppBuild = {
  /** Directory that the Nix library is in. */
  readonly library: string
  /** Applications, as JSON has them. */
  readonly documents: readonly object[]
  /** Link to what was built; undefined: none, and nothing keeps it from being collected. */
  readonly link: string | undefined
  /** Host that images are pulled from. */
  readonly registry: string
  readonly mode: 'out' | 'drv'
  readonly timeoutMs: number
  /** Receives the progress, a line each: builds, fetches and warnings. */
  readonly onNews: (line: string) => void
}

/** @returns the store path of a JSON `List`. @throws NixFailure */
export async function buildApps(build: AppBuild): Promise<string> {
  const { link } = build
  return runOn(build, 'nix-build', link === undefined ? ['--no-out-link'] : ['--out-link', link])
}

/** Evaluates, and builds nothing. @returns the derivation of a JSON `List`. @throws NixFailure */
export async function instantiateApps(build: Omit<AppBuild, 'link'>): Promise<string> {
  return runOn(build, 'nix-instantiate', [])
}

async function runOn(
  build: Omit<AppBuild, 'link'>,
  program: 'nix-build' | 'nix-instantiate',
  options: readonly string[],
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pushless-apps-'))
  try {
    const file = join(directory, 'apps.json')
    await writeFile(file, JSON.stringify(build.documents))
    return await runOnFile(build, file, program, options)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function runOnFile(
  { library, registry, mode, timeoutMs, onNews }: Omit<AppBuild, 'link'>,
  file: string,
  program: 'nix-build' | 'nix-instantiate',
  options: readonly string[],
): Promise<string> {
  const args = [
    join(library, 'manifests', 'app', 'command.nix'),
    ...argument('file', file),
    ...argument('registry', registry),
    ...argument('mode', mode),
    // For packages of flakes; what has none needs no such feature.
    '--option',
    'extra-experimental-features',
    'flakes',
    ...options,
  ]
  return runNix(program, args, { timeoutMs, onNews })
}

function argument(name: string, value: string): readonly string[] {
  return ['--argstr', name, value]
}
