/** The health of what runs Pods. Statuses are as Kubernetes 1.35 writes them. */
import { condition } from '../live-object.ts'
import type { HealthCase, Parts } from './health-case.ts'

const AVAILABLE = condition(
  'Available',
  'True',
  'MinimumReplicasAvailable',
  'Deployment has minimum availability.',
)
const COMPLETE = condition(
  'Progressing',
  'True',
  'NewReplicaSetAvailable',
  'ReplicaSet "web-1" has successfully progressed.',
)
const UPDATING = condition('Progressing', 'True', 'ReplicaSetUpdated', 'ReplicaSet "web-2" is progressing.')
const READY_COUNTS = {
  replicas: 3,
  updatedReplicas: 3,
  readyReplicas: 3,
  availableReplicas: 3,
  observedGeneration: 1,
}

const deployment = (status: Parts, spec: Parts = {}): Parts => ({
  spec: { replicas: 3, progressDeadlineSeconds: 600, ...spec },
  status,
})
const statefulSet = (status: Parts, spec: Parts = {}): Parts => ({
  spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, ...spec },
  status: { observedGeneration: 1, ...status },
})
const daemonSet = (status: Parts, spec: Parts = {}): Parts => ({
  spec,
  status: { observedGeneration: 1, ...status },
})
const nodes = (scheduled: number, updated: number, available: number): Parts => ({
  desiredNumberScheduled: 3,
  currentNumberScheduled: scheduled,
  updatedNumberScheduled: updated,
  numberAvailable: available,
  numberReady: available,
})
export const WORKLOAD_CASES: readonly HealthCase[] = [
  ['a Deployment that was just made', 'apps/v1/Deployment', deployment({}), 'progressing', /made 0 of 3/],
  [
    'a Deployment that is available',
    'apps/v1/Deployment',
    deployment({ ...READY_COUNTS, conditions: [AVAILABLE, COMPLETE] }),
    'current',
    /3 available/,
  ],
  [
    'a Deployment that rolls out',
    'apps/v1/Deployment',
    deployment({ ...READY_COUNTS, updatedReplicas: 1, conditions: [AVAILABLE, UPDATING] }),
    'progressing',
    /updated 1 of 3/,
  ],
  [
    'a Deployment with old Pods',
    'apps/v1/Deployment',
    deployment({ ...READY_COUNTS, replicas: 4, conditions: [AVAILABLE, UPDATING] }),
    'progressing',
    /1 old/,
  ],
  [
    'a Deployment with Pods that are too young',
    'apps/v1/Deployment',
    deployment({ ...READY_COUNTS, availableReplicas: 2, conditions: [AVAILABLE, UPDATING] }),
    'progressing',
    /available 2 of 3/,
  ],
  [
    'a Deployment whose ReplicaSet is not there',
    'apps/v1/Deployment',
    deployment({ ...READY_COUNTS, conditions: [AVAILABLE, UPDATING] }),
    'progressing',
    /new ReplicaSet/,
  ],
  [
    'a Deployment that is not available',
    'apps/v1/Deployment',
    deployment({ ...READY_COUNTS, conditions: [COMPLETE] }),
    'progressing',
    /not available/,
  ],
  [
    'a Deployment without a deadline',
    'apps/v1/Deployment',
    deployment({ ...READY_COUNTS, conditions: [AVAILABLE] }, { progressDeadlineSeconds: 2147483647 }),
    'current',
  ],
  [
    'a Deployment beyond its deadline',
    'apps/v1/Deployment',
    deployment({
      ...READY_COUNTS,
      conditions: [
        condition(
          'Progressing',
          'False',
          'ProgressDeadlineExceeded',
          'ReplicaSet "web-2" has timed out progressing.',
        ),
      ],
    }),
    'failed',
    /deadline.*web-2/,
  ],
  [
    'a Deployment beyond its deadline that was changed since',
    'apps/v1/Deployment',
    deployment({
      ...READY_COUNTS,
      conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded')],
    }),
    'progressing',
    /generation 2/,
    { generation: 2 },
  ],
  [
    'a Deployment without Pods by choice',
    'apps/v1/Deployment',
    deployment({ observedGeneration: 1, conditions: [AVAILABLE, COMPLETE] }, { replicas: 0 }),
    'current',
  ],
  [
    'a paused Deployment',
    'apps/v1/Deployment',
    deployment(
      {
        ...READY_COUNTS,
        updatedReplicas: 0,
        conditions: [condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused')],
      },
      { paused: true },
    ),
    'current',
    /paused/,
  ],
  ['a StatefulSet that was just made', 'apps/v1/StatefulSet', statefulSet({}), 'progressing', /made 0 of 3/],
  [
    'a StatefulSet with a Pod that is not ready',
    'apps/v1/StatefulSet',
    statefulSet({ replicas: 3, readyReplicas: 2 }),
    'progressing',
    /ready 2 of 3/,
  ],
  [
    'a StatefulSet that is ready',
    'apps/v1/StatefulSet',
    statefulSet({
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: 'db-1',
      updateRevision: 'db-1',
    }),
    'current',
  ],
  [
    'a StatefulSet that rolls out',
    'apps/v1/StatefulSet',
    statefulSet({
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 1,
      currentRevision: 'db-1',
      updateRevision: 'db-2',
    }),
    'progressing',
    /updated 1 of 3/,
  ],
  [
    'a StatefulSet that is updated up to its partition',
    'apps/v1/StatefulSet',
    statefulSet(
      {
        replicas: 3,
        readyReplicas: 3,
        currentReplicas: 2,
        updatedReplicas: 1,
        currentRevision: 'db-1',
        updateRevision: 'db-2',
      },
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
    ),
    'current',
    /from number 2/,
  ],
  [
    'a StatefulSet that is not updated up to its partition',
    'apps/v1/StatefulSet',
    statefulSet(
      { replicas: 3, readyReplicas: 3, updatedReplicas: 1 },
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
    ),
    'progressing',
    /updated 1 of 2/,
  ],
  [
    'a StatefulSet that is updated by hand',
    'apps/v1/StatefulSet',
    statefulSet({ replicas: 1 }, { updateStrategy: { type: 'OnDelete' } }),
    'current',
  ],
  [
    'a DaemonSet that was just made',
    'apps/v1/DaemonSet',
    { spec: {}, status: {} },
    'progressing',
    /not counted/,
  ],
  [
    'a DaemonSet that is being scheduled',
    'apps/v1/DaemonSet',
    daemonSet(nodes(1, 1, 1)),
    'progressing',
    /scheduled 1 of 3/,
  ],
  [
    'a DaemonSet that rolls out',
    'apps/v1/DaemonSet',
    daemonSet(nodes(3, 2, 3)),
    'progressing',
    /updated 2 of 3/,
  ],
  [
    'a DaemonSet that is not available',
    'apps/v1/DaemonSet',
    daemonSet(nodes(3, 3, 2)),
    'progressing',
    /available 2 of 3/,
  ],
  ['a DaemonSet that is ready', 'apps/v1/DaemonSet', daemonSet(nodes(3, 3, 3)), 'current'],
  [
    'a DaemonSet that is updated by hand',
    'apps/v1/DaemonSet',
    daemonSet(nodes(3, 0, 3), { updateStrategy: { type: 'OnDelete' } }),
    'current',
  ],
  ['a DaemonSet on no node', 'apps/v1/DaemonSet', daemonSet({ desiredNumberScheduled: 0 }), 'current'],
  [
    'a ReplicaSet that is refused its Pods',
    'apps/v1/ReplicaSet',
    {
      spec: { replicas: 1 },
      status: { conditions: [condition('ReplicaFailure', 'True', 'FailedCreate', 'exceeded quota: small')] },
    },
    'progressing',
    /exceeded quota/,
  ],
  [
    'a ReplicaSet that is available',
    'apps/v1/ReplicaSet',
    {
      spec: { replicas: 1 },
      status: { replicas: 1, fullyLabeledReplicas: 1, availableReplicas: 1, readyReplicas: 1 },
    },
    'current',
  ],
  [
    'a ReplicaSet that is not ready',
    'apps/v1/ReplicaSet',
    { spec: { replicas: 1 }, status: { replicas: 1, fullyLabeledReplicas: 1 } },
    'progressing',
    /available 0 of 1/,
  ],
  ['a Job that was just made', 'batch/v1/Job', { spec: {}, status: {} }, 'progressing', /not started/],
  [
    'a Job that runs',
    'batch/v1/Job',
    { spec: { completions: 2 }, status: { startTime: '2026-11-26T10:00:00Z', active: 1, succeeded: 1 } },
    'progressing',
    /1 active, 1 succeeded/,
  ],
  [
    'a Job that has completed',
    'batch/v1/Job',
    {
      spec: {},
      status: {
        succeeded: 1,
        conditions: [condition('SuccessCriteriaMet', 'True'), condition('Complete', 'True')],
      },
    },
    'current',
  ],
  [
    'a Job that failed',
    'batch/v1/Job',
    {
      spec: {},
      status: {
        failed: 7,
        conditions: [
          condition('Failed', 'True', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit'),
        ],
      },
    },
    'failed',
    /BackoffLimitExceeded/,
  ],
  [
    'a suspended Job',
    'batch/v1/Job',
    { spec: { suspend: true }, status: { conditions: [condition('Suspended', 'True', 'JobSuspended')] } },
    'current',
  ],
  ['a CronJob', 'batch/v1/CronJob', { spec: { schedule: '@daily' } }, 'current'],
]
