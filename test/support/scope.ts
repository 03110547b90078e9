/**
 * What a helper of the tests borrows, it gives back when its scope ends: a tap test is a scope (tap runs teardowns
 * last first, and on failure too); a program that is no test makes one with `scoped`.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Scope {
  teardown(release: () => void | Promise<void>): unknown
}

/** Runs `work` with a scope of its own, and releases all it borrowed, last first, however it ends. */
export async function scoped<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const releases: (() => void | Promise<void>)[] = []
  try {
    return await work({ teardown: (release) => releases.push(release) })
  } finally {
    for (const release of releases.toReversed()) await release()
  }
}

/** An empty directory, short enough to hold a unix socket (its path may have 107 bytes), removed with the scope. */
export async function temporaryDirectory(scope: Scope, name: string): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), `pushless-${name}-`)))
  // A process that was just ended, such as podman's clean-up of a container, may still write there.
  scope.teardown(async () => rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  return directory
}
