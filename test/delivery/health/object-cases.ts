/** The health of Pods and of other objects. Statuses are as Kubernetes 1.35 writes them. */
import type { Json } from '../../../src/core/json.ts'
import { condition } from '../live-object.ts'
import type { HealthCase, Parts } from './health-case.ts'

const pod = (phase: string, conditions: readonly Json[], containers: readonly Json[] = []): Parts => ({
  status: { phase, conditions, containerStatuses: containers },
})
const waiting = (reason: string): Json => ({ name: 'web', ready: false, state: { waiting: { reason } } })
const UNSCHEDULABLE = condition(
  'PodScheduled',
  'False',
  'Unschedulable',
  '0/3 nodes are available: 3 Insufficient cpu.',
)
const created = Date.parse('2026-11-26T10:00:00Z')

export const OBJECT_CASES: readonly HealthCase[] = [
  ['a Pod that nobody has seen', 'v1/Pod', { status: {} }, 'progressing', /any controller/],
  ['a Pod that is ready', 'v1/Pod', pod('Running', [condition('Ready', 'True')]), 'current'],
  [
    'a Pod that is not ready',
    'v1/Pod',
    pod('Running', [condition('Ready', 'False', 'ContainersNotReady')]),
    'progressing',
  ],
  [
    'a Pod that crashes',
    'v1/Pod',
    pod('Running', [condition('Ready', 'False')], [waiting('CrashLoopBackOff')]),
    'failed',
    /again: web/,
  ],
  ['a Pod that is over', 'v1/Pod', pod('Succeeded', []), 'current'],
  ['a Pod that failed', 'v1/Pod', pod('Failed', []), 'failed'],
  [
    'a Pod that pulls',
    'v1/Pod',
    pod('Pending', [condition('PodScheduled', 'True')], [waiting('ImagePullBackOff')]),
    'progressing',
  ],
  [
    'a Pod that fits on no node yet',
    'v1/Pod',
    pod('Pending', [UNSCHEDULABLE]),
    'progressing',
    /Insufficient cpu/,
    {},
    { now: created + 14_000 },
  ],
  [
    'a Pod that fits on no node',
    'v1/Pod',
    pod('Pending', [UNSCHEDULABLE]),
    'failed',
    /Insufficient cpu/,
    {},
    { now: created + 16_000 },
  ],
  ['a claim that is bound', 'v1/PersistentVolumeClaim', { status: { phase: 'Bound' } }, 'current'],
  [
    'a claim that is pending',
    'v1/PersistentVolumeClaim',
    { status: { phase: 'Pending' } },
    'progressing',
    /pending/,
  ],
  [
    'a claim that nobody mounts',
    'v1/PersistentVolumeClaim',
    { status: { phase: 'Pending' } },
    'current',
    /first Pod/,
    {},
    { waitsForPod: true },
  ],
  [
    'a claim that a Pod mounts',
    'v1/PersistentVolumeClaim',
    { status: { phase: 'Pending' } },
    'progressing',
    /pending/,
    { annotations: { 'volume.kubernetes.io/selected-node': 'n1' } },
    { waitsForPod: true },
  ],
  ['a claim that lost its volume', 'v1/PersistentVolumeClaim', { status: { phase: 'Lost' } }, 'failed'],
  ['a volume', 'v1/PersistentVolume', { status: { phase: 'Available' } }, 'current'],
  [
    'a volume that failed',
    'v1/PersistentVolume',
    { status: { phase: 'Failed', message: 'no deleter' } },
    'failed',
    /no deleter/,
  ],
  [
    'a Service',
    'v1/Service',
    { spec: { type: 'ClusterIP', clusterIP: '10.0.0.2' }, status: { loadBalancer: {} } },
    'current',
  ],
  [
    'a Service without an address of a balancer',
    'v1/Service',
    { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.2' }, status: { loadBalancer: {} } },
    'progressing',
    /no address/,
  ],
  [
    'a Service with an address of a balancer',
    'v1/Service',
    {
      spec: { type: 'LoadBalancer', clusterIP: '10.0.0.2' },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
    },
    'current',
  ],
  ['an Ingress', 'networking.k8s.io/v1/Ingress', { spec: {}, status: { loadBalancer: {} } }, 'current'],
  [
    'a CRD that was just made',
    'apiextensions.k8s.io/v1/CustomResourceDefinition',
    {
      status: {
        conditions: [condition('NamesAccepted', 'True'), condition('Established', 'False', 'Installing')],
      },
    },
    'progressing',
  ],
  [
    'a CRD that is established',
    'apiextensions.k8s.io/v1/CustomResourceDefinition',
    { status: { conditions: [condition('NamesAccepted', 'True'), condition('Established', 'True')] } },
    'current',
  ],
  [
    'a CRD whose names another one has',
    'apiextensions.k8s.io/v1/CustomResourceDefinition',
    {
      status: {
        conditions: [
          condition('NamesAccepted', 'False', 'ListKindConflict', '"GadgetList" is already in use'),
          condition('Established', 'False', 'NotAccepted'),
        ],
      },
    },
    'failed',
    /already in use/,
  ],
  [
    'an APIService',
    'apiregistration.k8s.io/v1/APIService',
    { status: { conditions: [condition('Available', 'True', 'Passed')] } },
    'current',
  ],
  [
    'an APIService whose server is away',
    'apiregistration.k8s.io/v1/APIService',
    { status: { conditions: [condition('Available', 'False', 'MissingEndpoints', 'no endpoints')] } },
    'progressing',
    /MissingEndpoints/,
  ],
  ['a Namespace', 'v1/Namespace', { status: { phase: 'Active' } }, 'current'],
  ['a Namespace that goes', 'v1/Namespace', { status: { phase: 'Terminating' } }, 'terminating'],
  [
    'a PodDisruptionBudget that is not seen',
    'policy/v1/PodDisruptionBudget',
    { status: { observedGeneration: 1 } },
    'progressing',
    /generation 2/,
    { generation: 2 },
  ],
  [
    'a PodDisruptionBudget',
    'policy/v1/PodDisruptionBudget',
    {
      status: {
        observedGeneration: 1,
        conditions: [condition('DisruptionAllowed', 'False', 'InsufficientPods')],
      },
    },
    'current',
  ],
  [
    'an autoscaler without metrics',
    'autoscaling/v2/HorizontalPodAutoscaler',
    {
      status: {
        conditions: [
          condition('AbleToScale', 'True', 'SucceededGetScale'),
          condition('ScalingActive', 'False', 'FailedGetResourceMetric'),
        ],
      },
    },
    'current',
  ],
  [
    'an autoscaler of nothing',
    'autoscaling/v2/HorizontalPodAutoscaler',
    {
      status: {
        conditions: [condition('AbleToScale', 'False', 'FailedGetScale', 'deployments.apps "web" not found')],
      },
    },
    'progressing',
    /not found/,
  ],
  ['a ConfigMap', 'v1/ConfigMap', { data: {} }, 'current'],
  ['a custom object without a status', 'example.org/v1/Gadget', { spec: {} }, 'current'],
  [
    'a custom object that is ready',
    'example.org/v1/Gadget',
    { status: { conditions: [condition('Ready', 'True')] } },
    'current',
  ],
  [
    'a custom object that is not ready',
    'example.org/v1/Gadget',
    { status: { conditions: [condition('Ready', 'False', 'NoAddress', 'no address yet')] } },
    'progressing',
    /Ready is False: NoAddress: no address yet/,
  ],
  [
    'a custom object that may be ready',
    'example.org/v1/Gadget',
    { status: { conditions: [condition('Ready', 'Unknown')] } },
    'progressing',
  ],
  [
    'a custom object that is not available',
    'example.org/v1/Gadget',
    { status: { conditions: [condition('Available', 'False')] } },
    'progressing',
    /Available/,
  ],
  [
    'a custom object that is ready for an older generation',
    'example.org/v1/Gadget',
    { status: { conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }] } },
    'progressing',
    /generation 1, not 2/,
    { generation: 2 },
  ],
  [
    'a custom object that is reconciled',
    'example.org/v1/Gadget',
    { status: { conditions: [condition('Ready', 'True'), condition('Reconciling', 'True', 'Progressing')] } },
    'progressing',
    /Reconciling/,
  ],
  [
    'a custom object that is stalled',
    'example.org/v1/Gadget',
    { status: { conditions: [condition('Stalled', 'True', 'BadSpec', 'no such zone')] } },
    'failed',
    /no such zone/,
  ],
  [
    'a kind of another group with a known name',
    'example.org/v1/Deployment',
    { spec: { replicas: 3 }, status: {} },
    'current',
  ],
  [
    'an object that is deleted',
    'v1/ConfigMap',
    {},
    'terminating',
    /waits for example.org\/hold/,
    { deletionTimestamp: '2026-11-26T10:00:00Z', finalizers: ['example.org/hold'] },
  ],
]
