/** The facts that the operator is started with. */
import type { Logger } from 'pino'
import type { Policy } from '../core/policy.ts'
import type { ClusterAccess } from '../kubernetes/client/cluster-access.ts'
import type { Store } from '../store/store.ts'
import type { OperatorContext } from './reconcile/operator-context.ts'
import type { ListenAddress } from './service/endpoints.ts'
import type { SourceOptions } from './source/load-source.ts'

export type OperatorOptions = {
  /** The cluster that has the profiles. */
  readonly access: ClusterAccess
  /** Profiles of this namespace alone. Default: of all namespaces. */
  readonly namespace?: string | undefined
  readonly lease: {
    readonly namespace: string
    readonly name: string
    /** Milliseconds after which another process leads. */
    readonly durationMs: number
  }
  readonly store: Store
  readonly stateDirectory: string
  /** The fetches and builds that sources may need. */
  readonly policy: Policy
  readonly makeApp: SourceOptions['makeApp']
  readonly makeEntry?: SourceOptions['makeEntry']
  readonly warm: OperatorContext['warm']
  /** Absent: no registry is asked about failed builds. */
  readonly buildOf?: OperatorContext['buildOf']
  /** The account of profiles that name none and deliver to this cluster. Empty: the operator itself. */
  readonly defaultServiceAccount: string
  /** Profiles of one target that are worked on at once. */
  readonly perTarget: number
  /** Absent: metrics and health are not served. */
  readonly listen?: ListenAddress | undefined
  readonly log: Logger
}
