/** Loads advisories from a directory, and again when they change, in a process of its own. */
import { execa } from 'execa'
import type { FastifyBaseLogger } from 'fastify'
import { AdvisorySource } from '../insight/vulnerability/advisory-source.ts'

/** How long a load may take: a year of NVD takes seconds. */
const LOAD_LIMIT_MS = 600_000

export function openAdvisories(directory: string, logger: FastifyBaseLogger): AdvisorySource {
  const source = new AdvisorySource({
    directory,
    load: async (from) => {
      const command = [...process.execArgv, process.argv[1] ?? '', 'advisories', 'update', '--from', from]
      await execa(process.execPath, [...command, '--advisories', from], { timeout: LOAD_LIMIT_MS })
    },
    onLoad: () => logger.info({ directory }, 'advisories loaded'),
    onTrouble: (error) => logger.warn({ err: error, directory }, 'advisories not loaded'),
  })
  void source.refresh()
  return source
}
