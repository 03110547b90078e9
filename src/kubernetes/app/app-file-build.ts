/**
 * Has Nix make manifests of applications: one `nix-build` of manifests/app/command.nix. The server never comes here: it
 * speaks to Nix's daemon alone, while this is a developer's own command, run as if they had typed it. The one place of
 * the manifests that starts a process.
 *
 * What a file says reaches Nix as JSON in a file of its own, so none of it is ever read as an expression or an option.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { explainNixError } from '../../core/nix/nix-error.ts'
import { programMissing } from '../../store/missing-nix.ts'

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

/** The message of Nix in one line, without its trace. */
export class NixFailure extends Error {}

/** Nix itself is given time to clean up behind its builders. */
const KILL_DELAY_MS = 5_000
const NEWS = /^(?:building '|copying path '|downloading '|trace: warning: )/

/** @returns the store path of a JSON `List`. @throws NixFailure */
export async function buildApps(build: AppBuild): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pushless-apps-'))
  try {
    const file = join(directory, 'apps.json')
    await writeFile(file, JSON.stringify(build.documents))
    return await nixBuild(build, file)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function nixBuild(
  { library, link, registry, mode, timeoutMs, onNews }: AppBuild,
  file: string,
): Promise<string> {
  const process = execa(
    'nix-build',
    [
      join(library, 'manifests', 'app', 'command.nix'),
      ...argument('file', file),
      ...argument('registry', registry),
      ...argument('mode', mode),
      // For packages of flakes; what has none needs no such feature.
      '--option',
      'extra-experimental-features',
      'flakes',
      ...(link === undefined ? ['--no-out-link'] : ['--out-link', link]),
    ],
    { stdin: 'ignore', reject: false, timeout: timeoutMs, forceKillAfterDelay: KILL_DELAY_MS },
  )
  const listening = listen(process.iterable({ from: 'stderr' }), onNews)
  const [result] = await Promise.all([process, listening])
  if (!result.failed) return result.stdout.trim().split('\n').at(-1) ?? ''
  if (result.code === 'ENOENT') throw new NixFailure(programMissing('nix-build').message)
  if (result.timedOut) throw new NixFailure(`Nix took longer than ${timeoutMs / 1000} s (--timeout)`)
  throw new NixFailure(explainNixError(result.stderr) ?? result.shortMessage)
}

function argument(name: string, value: string): readonly string[] {
  return ['--argstr', name, value]
}

async function listen(lines: AsyncIterable<unknown>, onNews: (line: string) => void): Promise<void> {
  for await (const line of lines) if (NEWS.test(String(line))) onNews(String(line).replace(/^trace: /, ''))
}
