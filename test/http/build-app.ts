/** The server, and a build whose course a test tells. */
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { RegistryError } from '../../src/core/errors/errors.ts'
import { parseStorePath, type StorePath } from '../../src/core/nix/store-path.ts'
import { createApp } from '../../src/http/app.ts'
import { tokenOf } from '../../src/http/access/token.ts'
import { Metrics } from '../../src/http/metrics.ts'
import type { WorkJournal } from '../../src/registry/work/work-journal.ts'
import { journalIn } from '../registry/journal.ts'
import { fakeRegistry, NO_REFERRERS } from './fake-registry.ts'

export const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const BUILD = { kind: 'build', derivation: path(`${HASH}-hello-2.12.drv`), output: 'out' } as const
export const MADE = path('bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-hello-2.12')
export const EVIL = '</pre><script>alert("1")</script>&\''

function path(base: string): StorePath {
  const parsed = parseStorePath(`/nix/store/${base}`)
  if (parsed === undefined) throw new Error(base)
  return parsed
}

/** Ends with the test. */
export function appOf(t: Test, token?: string): { app: FastifyInstance; journal: WorkJournal } {
  const journal = journalIn(t)
  const { registry } = fakeRegistry()
  const app = createApp(
    {
      registry,
      referrers: NO_REFERRERS,
      journal,
      token: token === undefined ? undefined : tokenOf(() => token),
      metrics: new Metrics(),
      compression: 'none',
      wait: 'retry',
    },
    pino({ level: 'silent' }),
  )
  t.teardown(() => app.close())
  return { app, journal }
}

/** The build starts and prints lines. */
export function begin(journal: WorkJournal, ...lines: readonly string[]): void {
  journal.begin(BUILD, MADE)
  journal.hear(BUILD, { kind: 'started' })
  for (const line of lines) print(journal, line)
}

/** It prints another. */
export function print(journal: WorkJournal, line: string): void {
  journal.hear(BUILD, { kind: 'log', line, derivation: BUILD.derivation })
}

/** It fails, with a message that a page must not take for HTML. */
export function fail(journal: WorkJournal): void {
  const error = new RegistryError('build-failed', `nix build failed: ${EVIL}`, {
    detail: {
      derivation: BUILD.derivation,
      status: 'PermanentFailure',
      log: ['no'],
    },
    brief: 'x',
    build: HASH,
  })
  journal.hear(BUILD, { kind: 'failed', error })
}
