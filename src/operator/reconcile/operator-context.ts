/** The parts of the operator that reconcilers use. */
import type { Logger } from 'pino'
import type { EndlessDifferences } from '../../delivery/drift/endless-difference.ts'
import type { BuildOf } from '../../delivery/health/registry-builds.ts'
import type { SetName } from '../../delivery/set/object-set.ts'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import type { CorrectionLimit } from '../drift/correction-limit.ts'
import type { EventRecorder } from '../events/event-recorder.ts'
import type { OperatorMetrics } from '../service/operator-metrics.ts'
import type { LoadedSource } from '../source/load-source.ts'
import type { ProfileSource } from '../definitions/profile-source.ts'
import type { GenerationHooks } from '../source/kept-generations.ts'
import type { StatusWriter } from '../status/status-writer.ts'
import type { Targets } from '../target/targets.ts'

export type OperatorContext = {
  /** The operator's cluster, with the operator's own rights. */
  readonly own: Cluster
  /** The identity of the operator's cluster. */
  readonly ownIdentity: string
  readonly targets: Targets
  /** @throws SourceError. */
  readonly load: (
    source: ProfileSource,
    onWork: (message: string) => void,
    signal: AbortSignal,
  ) => Promise<LoadedSource>
  /** Has the registry fetch and build the images first. @throws SourceError `ImagesNotReady`. */
  readonly warm: (source: LoadedSource, timeoutMs: number, signal: AbortSignal) => Promise<void>
  /** Asks the registry about images that can't be pulled. */
  readonly buildOf: BuildOf | undefined
  readonly generationHooks: (cluster: string, name: SetName, revision: string) => GenerationHooks
  readonly status: StatusWriter
  readonly events: EventRecorder
  readonly endless: EndlessDifferences
  readonly corrections: CorrectionLimit
  readonly metrics: OperatorMetrics
  /** All profiles of the operator's cluster. */
  readonly profiles: () => readonly LiveObject[]
  readonly profile: (name: SetName) => LiveObject | undefined
  readonly log: Logger
}
