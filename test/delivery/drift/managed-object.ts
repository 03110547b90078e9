/** A Deployment as the API server writes it, with the managers of a test. */
import type { Json } from '../../../src/core/json.ts'
import type { LiveObject } from '../../../src/kubernetes/client/cluster.ts'
import { liveObject } from '../live-object.ts'

type Parts = { readonly [key: string]: Json }

export function managedBy(manager: string, fieldsV1: Json, more: Parts = {}): Json {
  return {
    manager,
    operation: 'Update',
    apiVersion: 'apps/v1',
    time: '2026-11-26T10:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...more,
  }
}

export const OWN = managedBy(
  'pushless',
  {
    'f:spec': {
      'f:replicas': {},
      'f:template': {
        'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:name': {}, 'f:image': {} } } },
      },
    },
  },
  { operation: 'Apply' },
)

export function managedDeployment(
  managedFields: readonly Json[],
  annotations: Parts = {},
  spec: Parts = {},
): LiveObject {
  return liveObject(
    'apps/v1/Deployment',
    'web',
    {
      spec: {
        replicas: 2,
        progressDeadlineSeconds: 600,
        template: {
          metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-26T11:00:00Z' } },
          spec: {
            containers: [{ name: 'web', image: 'a:1', env: [{ name: 'A', value: '1' }] }],
            dnsPolicy: 'ClusterFirst',
          },
        },
        ...spec,
      },
      status: { replicas: 2 },
    },
    { managedFields, annotations, labels: { app: 'web' } },
  )
}

export const DESIRED = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { replicas: 2, template: { spec: { containers: [{ name: 'web', image: 'a:1' }] } } },
}

export const ENV = {
  'f:spec': {
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"web"}': {
            'f:env': { '.': {}, 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
          },
        },
      },
    },
  },
}
export const RESTART = {
  'f:spec': {
    'f:template': {
      'f:metadata': { 'f:annotations': { '.': {}, 'f:kubectl.kubernetes.io/restartedAt': {} } },
    },
  },
}
/** As `kubectl create` leaves them: with the defaults. */
export const WHOLE = {
  'f:metadata': {
    'f:annotations': { '.': {}, 'f:note': {}, 'f:deployment.kubernetes.io/revision': {} },
    'f:labels': { '.': {}, 'f:app': {} },
  },
  'f:spec': {
    'f:progressDeadlineSeconds': {},
    'f:template': {
      'f:spec': {
        'f:dnsPolicy': {},
        'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
      },
    },
  },
  'f:status': { 'f:replicas': {} },
}
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
