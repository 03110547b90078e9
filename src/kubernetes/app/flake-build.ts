/** Builds an attribute of a flake, such as `.#web`. */
import { runNix, type NixRun } from './run-nix.ts'

/** @returns the store path. @throws NixFailure */
export async function buildFlakeAttribute(attribute: string, run: NixRun): Promise<string> {
  return runNix(
    'nix',
    [
      '--extra-experimental-features',
      'nix-command flakes',
      'build',
      '--no-link',
      '--print-out-paths',
      '--',
      attribute,
    ],
    run,
  )
}
