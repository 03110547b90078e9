/** Log lines of the server for what happens below HTTP. */
import type { FastifyBaseLogger } from 'fastify'
import type { Digest } from '../core/oci/digest.ts'
import { platformName } from '../core/oci/platform.ts'
import type { Metrics } from '../http/metrics.ts'
import type { Artifact } from '../registry/artifact/image-index.ts'
import type { Steps } from '../registry/artifact/images.ts'
import type { BuildPlace } from '../store/own/own-nix.ts'
import type { OpenZeroCopyOptions } from '../zero-copy/open-zero-copy.ts'

/** Log lines for a machine that lets Nix make no sandbox. */
const WITHOUT_SANDBOX = {
  unsandboxed: 'builds run without a sandbox, since --allow-unsandboxed-builds is set',
  elsewhere: 'builds can have no sandbox here: the machines of --builders build',
  nowhere: 'nothing is built: builds can have no sandbox here (see --allow-unsandboxed-builds)',
} as const

/** @param before the digest that the index of this tag had before, where it is another one now. */
export function logServed(
  logger: FastifyBaseLogger,
  artifact: Artifact,
  ms: Steps,
  before: Digest | undefined,
): void {
  const { root, format, manifest } = artifact
  const facts = { root, kind: format, digest: manifest.digest }
  if (artifact.kind !== 'index') {
    const size = artifact.layers.reduce((sum, layer) => sum + layer.size, 0)
    logger.info({ ...facts, layers: artifact.layers.length, size, ms }, 'image ready')
    return
  }
  const platforms = artifact.images.flatMap(({ platform }) =>
    platform === undefined ? [] : [platformName(platform)],
  )
  logger.info({ ...facts, platforms, ms }, 'index ready')
  const { missing } = artifact
  if (missing.length > 0)
    logger.warn({ ...facts, missing }, 'index without platforms that cannot be had here')
  if (before !== undefined) logger.warn({ ...facts, before }, 'another index than before')
}

export function logBuildPlace(logger: FastifyBaseLogger, place: BuildPlace): void {
  if (place.kind === 'sandbox') logger.info('builds run in a sandbox')
  else logger.warn({ reason: place.reason }, WITHOUT_SANDBOX[place.kind])
}

/** Listeners to the runtime's events, which log and count them. */
export function zeroCopyListeners(
  logger: FastifyBaseLogger,
  metrics: Metrics,
): OpenZeroCopyOptions['listeners'] {
  return {
    onRegistered: (runtime) => logger.info({ runtime }, 'registered with the container runtime'),
    onLost: (error, retryMs) =>
      logger.warn({ err: error, retryMs }, 'not registered with the container runtime; tried again'),
    onCall: (event, ms, error) => {
      metrics.onRuntimeEvent(event, ms)
      if (error !== undefined) logger.warn({ err: error, event, ms }, 'event of the container runtime failed')
    },
    onTrouble: (error) => logger.warn({ err: error }, 'store paths of a container cannot be kept or found'),
  }
}
