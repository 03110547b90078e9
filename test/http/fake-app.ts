/** The server over the registry of one image, without a port. */
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import type { EncodedCopies } from '../../src/encoded/encoded-copies.ts'
import { Metrics } from '../../src/http/metrics.ts'
import { createApp } from '../../src/http/app.ts'
import type { CompressionMode } from '../../src/http/pull/compression-mode.ts'
import { journalIn } from '../registry/journal.ts'
import { fakeRegistry, type FakeRegistry, NO_REFERRERS } from './fake-registry.ts'

/** Ends with the test. */
export function appOf(
  t: Test,
  fake: FakeRegistry = fakeRegistry(),
  compression: CompressionMode = 'none',
  copies?: EncodedCopies,
): FastifyInstance {
  const app = createApp(
    {
      registry: fake.registry,
      referrers: NO_REFERRERS,
      journal: journalIn(t),
      token: undefined,
      metrics: new Metrics(),
      compression,
      copies,
      wait: 'retry',
    },
    pino({ level: 'silent' }),
  )
  t.teardown(() => app.close())
  return app
}
