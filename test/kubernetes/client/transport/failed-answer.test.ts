import t from 'tap'
import { failedAnswer } from '../../../../src/kubernetes/client/transport/failed-answer.ts'
import type { KubernetesErrorKind } from '../../../../src/kubernetes/client/kubernetes-error.ts'

type Case = readonly [
  kind: KubernetesErrorKind,
  status: number,
  reason: string,
  message: string,
  causes?: readonly string[],
]

/** Messages as Kubernetes 1.35 words them. */
const STATUSES: readonly Case[] = [
  ['unauthorized', 401, 'Unauthorized', 'Unauthorized'],
  ['forbidden', 403, 'Forbidden', 'pods is forbidden: User "a" cannot list resource "pods"'],
  [
    'denied',
    403,
    'Forbidden',
    'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
  ],
  [
    'denied',
    403,
    'Forbidden',
    'pods "a" is forbidden: violates PodSecurity "restricted:latest": hostNetwork',
  ],
  [
    'denied',
    422,
    'Invalid',
    `deployments "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
  ],
  ['denied', 400, 'BadRequest', 'admission webhook "w.example" denied the request: no'],
  [
    'server',
    500,
    'InternalError',
    'Internal error occurred: failed calling webhook "w.example": connection refused',
  ],
  ['not-found', 404, 'NotFound', 'namespaces "a" not found'],
  ['conflict', 409, 'Conflict', 'Apply failed with 1 conflict: conflict with "kubectl": .data.a'],
  ['already-exists', 409, 'AlreadyExists', 'leases "a" already exists'],
  ['expired', 410, 'Expired', 'too old resource version: 1 (2)'],
  ['too-many-requests', 429, 'TooManyRequests', 'too many requests, please try again later'],
  ['timeout', 504, 'Timeout', 'request did not complete within requested timeout'],
  ['server', 503, 'ServiceUnavailable', 'the server is currently unable to handle the request'],
  ['invalid', 400, 'BadRequest', 'strict decoding error: unknown field "spec.replica"'],
  [
    'invalid',
    422,
    'Invalid',
    'Deployment "a" is invalid: spec.replicas: Invalid value: -1',
    ['must be greater than or equal to 0'],
  ],
  [
    'immutable',
    422,
    'Invalid',
    'Deployment "a" is invalid',
    ['Invalid value: {"matchLabels":{}}: field is immutable'],
  ],
  [
    'immutable',
    422,
    'Invalid',
    'StatefulSet "a" is invalid',
    [`Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals' are forbidden`],
  ],
  [
    'immutable',
    422,
    'Invalid',
    'PersistentVolumeClaim "a" is invalid',
    ['Forbidden: spec is immutable after creation except resources.requests'],
  ],
  [
    'immutable',
    422,
    'Invalid',
    'RoleBinding "a" is invalid',
    ['Invalid value: {"kind":"Role"}: cannot change roleRef'],
  ],
  [
    'immutable',
    422,
    'Invalid',
    'Pod "a" is invalid',
    ['Forbidden: pod updates may not change fields other than `spec.containers[*].image`'],
  ],
  ['invalid', 422, 'Invalid', 'Deployment "a" is invalid', ['field is immutable', 'Required value']],
  ['invalid', 422, 'Invalid', 'the server rejected our request due to an error in our request'],
]

for (const [kind, code, reason, message, causes = []] of STATUSES)
  void t.test(`${code} ${message.slice(0, 60)} ${causes[0]?.slice(0, 40) ?? ''}`, async (t) => {
    const details = { causes: causes.map((one) => ({ field: 'spec', message: one })) }
    const error = failedAnswer(code, JSON.stringify({ kind: 'Status', code, reason, message, details }))
    t.equal(error.kind, kind)
    t.equal(error.message, message)
    t.same(error.causes, details.causes)
  })

const OTHERS: readonly (readonly [
  kind: KubernetesErrorKind,
  status: number,
  body: string,
  message: string,
])[] = [
  ['no-such-kind', 404, '404 page not found\n', 'the server has no such kind: 404 page not found'],
  ['malformed', 404, '<h1>404 Not Found</h1>', 'the server answered 404: 404 Not Found'],
  ['malformed', 404, 'default backend - 404', 'the server answered 404: default backend - 404'],
  ['unauthorized', 401, '', 'the server answered 401'],
  ['too-many-requests', 429, 'slow down', 'the server answered 429: slow down'],
  ['server', 502, '<html><h1>Bad Gateway</h1></html>', 'the server answered 502: Bad Gateway'],
  ['malformed', 302, '<a href="/login">Found</a>', 'the server answered 302: Found'],
  ['malformed', 400, '{"kind":"Pod"}', 'the server answered 400: {"kind":"Pod"}'],
]

for (const [kind, status, body, message] of OTHERS)
  void t.test(`${status} ${body}`, async (t) => {
    const error = failedAnswer(status, body)
    t.same([error.kind, error.message, error.status], [kind, message, status])
  })

const UNTYPED: readonly (readonly [
  message: string,
  causes: readonly (readonly [field: string, message: string])[],
])[] = [
  [
    'failed to create typed patch object (/x; /v1, Kind=ConfigMap): .dat: field not declared in schema',
    [['dat', 'field not declared in schema']],
  ],
  [
    'failed to create typed patch object (a/x; apps/v1, Kind=Deployment): errors:\n  .spec.a: field not declared in schema\n  .spec.c[name="x"].b: expected string, got &value.valueUnstructured{Value:1}\n',
    [
      ['spec.a', 'field not declared in schema'],
      ['spec.c[name="x"].b', 'expected string, got &value.valueUnstructured{Value:1}'],
    ],
  ],
  [
    'failed to convert new object (/s; /v1, Kind=Service) to proper version: unable to convert unstructured object to /v1, Kind=Service: json: cannot unmarshal object into Go value of type int32',
    [],
  ],
]
for (const [message, causes] of UNTYPED)
  void t.test(`500 ${message.slice(0, 90)}`, async (t) => {
    const error = failedAnswer(500, JSON.stringify({ kind: 'Status', code: 500, message }))
    t.equal(error.kind, 'invalid')
    t.same(
      error.causes.map((cause) => [cause.field, cause.message]),
      causes,
    )
  })

void t.test('shortens what is long, and keeps both ends', async (t) => {
  const body = JSON.stringify({ kind: 'Status', message: `begin ${'x'.repeat(9000)} field is immutable` })
  const { message } = failedAnswer(422, body)
  t.ok(message.length < 600)
  t.match(message, /^begin .* … .*field is immutable$/)
})

void t.test('reads how long to wait', async (t) => {
  const status = JSON.stringify({ kind: 'Status', details: { retryAfterSeconds: 3 } })
  t.equal(failedAnswer(429, status).retryAfterSeconds, 3)
  t.equal(failedAnswer(429, status, '7').retryAfterSeconds, 7)
  t.equal(failedAnswer(429, '', 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterSeconds, undefined)
})
