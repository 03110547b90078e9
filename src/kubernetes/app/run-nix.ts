/**
 * Runs a command of Nix that builds something for a developer, as if they had typed it. The one place of the manifests
 * that starts a process.
 */
import { execa } from 'execa'
import { explainNixError } from '../../core/nix/nix-error.ts'
import { programMissing } from '../../store/missing-nix.ts'

/** The message of Nix in one line, without its trace. */
export class NixFailure extends Error {}

export type NixRun = {
  readonly timeoutMs: number
  /** Receives the progress, a line each: builds, fetches and warnings. */
  readonly onNews: (line: string) => void
}

/** Nix itself is given time to clean up behind its builders. */
const KILL_DELAY_MS = 5_000
const NEWS = /^(?:building '|copying path '|downloading '|trace: warning: )/

/** @returns the last line of standard output, a store path. @throws NixFailure */
export async function runNix(
  program: 'nix' | 'nix-build' | 'nix-instantiate' | 'nix-store',
  args: readonly string[],
  { timeoutMs, onNews }: NixRun,
): Promise<string> {
  const process = execa(program, [...args], {
    stdin: 'ignore',
    reject: false,
    timeout: timeoutMs,
    forceKillAfterDelay: KILL_DELAY_MS,
  })
  const listening = listen(process.iterable({ from: 'stderr' }), onNews)
  const [result] = await Promise.all([process, listening])
  if (!result.failed) return result.stdout.trim().split('\n').at(-1) ?? ''
  if (result.code === 'ENOENT') throw new NixFailure(programMissing(program).message)
  if (result.timedOut) throw new NixFailure(`Nix took longer than ${timeoutMs / 1000} s (--timeout)`)
  throw new NixFailure(explainNixError(result.stderr) ?? result.shortMessage)
}

async function listen(lines: AsyncIterable<unknown>, onNews: (line: string) => void): Promise<void> {
  for await (const line of lines) if (NEWS.test(String(line))) onNews(String(line).replace(/^trace: /, ''))
}
