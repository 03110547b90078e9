/** The server with pages about images that a test makes up. */
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { storeHashOf } from '../../../src/core/nix/store-path.ts'
import { createApp } from '../../../src/http/app.ts'
import { tokenOf } from '../../../src/http/access/token.ts'
import { Metrics } from '../../../src/http/metrics.ts'
import type { PageImage } from '../../../src/http/pages/page-image.ts'
import { readWebFiles } from '../../../src/http/pages/web-files.ts'
import type { KnownImage } from '../../../src/registry/known-image.ts'
import type { WorkJournal } from '../../../src/registry/work/work-journal.ts'
import { journalIn } from '../../registry/journal.ts'
import { NO_REFERRERS, fakeRegistry } from '../fake-registry.ts'

const WEB = fileURLToPath(new URL('../../../web', import.meta.url))

export type Pages = {
  readonly images?: readonly PageImage[]
  readonly known?: readonly KnownImage[]
  readonly token?: string
  /** Every image is refused with it. */
  readonly failure?: RegistryError
}

/** Ends with the test. */
export function pagesApp(t: Test, pages: Pages = {}): FastifyInstance {
  return appWithJournal(t, pages).app
}

export function appWithJournal(
  t: Test,
  { images = [], known = [], token, failure }: Pages,
): { readonly app: FastifyInstance; readonly journal: WorkJournal } {
  const journal = journalIn(t)
  const app = createApp(
    {
      registry: fakeRegistry().registry,
      referrers: NO_REFERRERS,
      journal,
      token: token === undefined ? undefined : tokenOf(() => token),
      metrics: new Metrics(),
      compression: 'none',
      wait: 'retry',
      web: readWebFiles(WEB),
      pages: {
        listImages: async () => known,
        imageOf: async ({ storeHash }) => {
          if (failure !== undefined) throw failure
          const found = images.find(({ inventory }) => storeHashOf(inventory.image.root) === storeHash)
          if (found === undefined) throw new RegistryError('name-unknown', 'not in the store, secret reason')
          return found
        },
      },
    },
    pino({ level: 'silent' }),
  )
  t.teardown(() => app.close())
  return { app, journal }
}
