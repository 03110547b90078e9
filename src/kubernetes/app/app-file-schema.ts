/**
 * The fields of app.yaml: the arguments of `app` in manifests/app/arguments.nix, as far as JSON can have them. The
 * `description` of each says what is expected, and refusals quote it. Rules about several fields at once are checked
 * by Nix.
 */
import * as Type from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { Settings } from 'typebox/system'

// Of 8 by default, alternatives of one field take several; all that is wrong is told at once.
Settings.Set({ maxErrors: 1000 })

const STRICT = { additionalProperties: false } as const
const description = (expected: string) => ({ description: expected })

const text = (expected: string) => Type.String({ minLength: 1, ...description(expected) })
const words = (expected: string) => Type.Array(Type.String(description('a string')), description(expected))
const record = <Value extends Parameters<typeof Type.Record>[1]>(value: Value, expected: string) =>
  Type.Record(Type.String(), value, description(expected))
const toggle = () => Type.Boolean(description('true or false'))
const count = (expected: string) => Type.Integer({ minimum: 0, ...description(expected) })

const name = Type.String({
  pattern: '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$',
  ...description('at most 63 of a-z 0-9 -, beginning with a letter, ending with a letter or digit'),
})
const portNumber = { minimum: 1, maximum: 65535 } as const
const port = Type.Union(
  [Type.Integer(portNumber), Type.String({ pattern: '^[1-9][0-9]{0,4}(/(tcp|udp|sctp))?$' })],
  description('a port from 1 to 65535, with a protocol if not tcp: 8080, "53/udp"'),
)
const quantity = Type.Union(
  [
    Type.Number({ minimum: 0 }),
    Type.String({ pattern: '^[0-9]+([.][0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$' }),
  ],
  description('a quantity, such as 250m or 256Mi'),
)
const anything = Type.Record(Type.String(), Type.Unknown())
// Numbers that aren't written as JSON has them are text by now (app-file-scalar.ts).
const variable = Type.Union(
  [
    Type.String(),
    Type.Boolean(),
    Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
    Type.Object({ valueFrom: anything }, STRICT),
  ],
  description('a string, a number, true or false'),
)
const probe = Type.Union(
  [anything, Type.Null()],
  description('a probe as Kubernetes has it, or null for none'),
)

const SHARED = {
  namespace: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      ...description('the name of a namespace: at most 63 of a-z 0-9 -'),
    }),
  ),
  flake: Type.Optional(text('the reference of a flake, such as github:NixOS/nixpkgs/<revision>')),
  unpinned: Type.Optional(toggle()),
}

/** All but the name. */
const FIELDS = {
  ...SHARED,
  labels: Type.Optional(record(Type.String(description('a string')), 'labels, each with a string')),
  image: Type.Optional(text('an image: a reference, or a store path')),
  package: Type.Optional(
    text('a package: <flake>#<attribute>, an attribute beside `flake`, or a store path'),
  ),
  layers: Type.Optional(
    Type.Union([Type.Literal('tar'), Type.Literal('erofs')], description('tar or erofs')),
  ),
  command: Type.Optional(words('a list of strings: the program and its first arguments')),
  args: Type.Optional(words('a list of strings')),
  port: Type.Optional(Type.Integer({ ...portNumber, ...description('a port from 1 to 65535') })),
  ports: Type.Optional(record(port, 'ports by name, such as { http: 8080, dns: 53/udp }')),
  host: Type.Optional(text('the name of a host, such as www.example.org')),
  hosts: Type.Optional(words('a list of names of hosts')),
  tls: Type.Optional(
    Type.Union([Type.Boolean(), Type.String({ minLength: 1 })], description('true, or the name of a Secret')),
  ),
  ingressClass: Type.Optional(text('the name of an IngressClass')),
  health: Type.Optional(
    Type.Union(
      [Type.String({ pattern: '^/[^ ]*$' }), Type.Literal(false)],
      description('a path that answers while all is well, such as /healthz; false: no probes'),
    ),
  ),
  probes: Type.Optional(
    Type.Object(
      {
        livenessProbe: Type.Optional(probe),
        readinessProbe: Type.Optional(probe),
        startupProbe: Type.Optional(probe),
      },
      { ...STRICT, ...description('livenessProbe, readinessProbe and startupProbe') },
    ),
  ),
  replicas: Type.Optional(count('a number of Pods')),
  autoscale: Type.Optional(
    Type.Object(
      {
        min: Type.Optional(count('a number of Pods')),
        max: count('a number of Pods'),
        cpu: Type.Optional(count('a percentage, such as 80')),
        memory: Type.Optional(count('a percentage, such as 80')),
      },
      { ...STRICT, ...description('{ min: 2, max: 10, cpu: 80 }') },
    ),
  ),
  env: Type.Optional(record(variable, 'variables, each with its value')),
  secrets: Type.Optional(
    Type.Union(
      [Type.Array(Type.String()), Type.Record(Type.String(), Type.String({ pattern: '^[^/]+/[^/]+$' }))],
      description('a list of names of Secrets, or variables, each with <Secret>/<key>'),
    ),
  ),
  files: Type.Optional(
    record(
      Type.Union(
        [Type.String(), anything, Type.Array(Type.Unknown())],
        description('text, or what becomes JSON'),
      ),
      'paths, each with the text of its file',
    ),
  ),
  volumes: Type.Optional(
    record(
      Type.Union(
        [Type.String({ minLength: 1 }), anything],
        description('the name of a PersistentVolumeClaim, or a volume such as { emptyDir: {} }'),
      ),
      'paths, each with a volume',
    ),
  ),
  storage: Type.Optional(
    record(Type.Union([quantity, anything], description('a size, such as 10Gi')), 'paths, each with a size'),
  ),
  size: Type.Optional(
    Type.Union(
      [Type.Literal('small'), Type.Literal('medium'), Type.Literal('large')],
      description('small, medium or large'),
    ),
  ),
  resources: Type.Optional(
    Type.Object(
      {
        cpu: Type.Optional(quantity),
        memory: Type.Optional(quantity),
        requests: Type.Optional(record(quantity, 'quantities')),
        limits: Type.Optional(record(quantity, 'quantities')),
      },
      { ...STRICT, ...description('{ cpu: 250m, memory: 256Mi }') },
    ),
  ),
  schedule: Type.Optional(text('five fields of cron, such as "*/10 * * * *", or "@daily"')),
  serviceAccount: Type.Optional(text('the name of a ServiceAccount that is there')),
  apiToken: Type.Optional(toggle()),
  user: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2_147_483_647,
      ...description('the number of a user that is not root; for root: runAsRoot: true'),
    }),
  ),
  runAsRoot: Type.Optional(toggle()),
  writableRoot: Type.Optional(toggle()),
  privilegeEscalation: Type.Optional(toggle()),
  capabilities: Type.Optional(words('a list of names, such as NET_BIND_SERVICE')),
  seccomp: Type.Optional(toggle()),
  extend: Type.Optional(record(anything, 'kinds, each with a patch: { Deployment: { spec: { … } } }')),
  extra: Type.Optional(Type.Array(anything, description('a list of objects'))),
}

/** One application. */
export const APP = Type.Object({ name, ...FIELDS }, { ...STRICT, ...description('an application') })

/** Several, by name, and what holds for all. */
export const APPS = Type.Object(
  {
    ...SHARED,
    apps: Type.Record(Type.String(), Type.Object(FIELDS, { ...STRICT, ...description('an application') }), {
      minProperties: 1,
      ...description('applications by name'),
    }),
  },
  { ...STRICT, ...description('applications') },
)

export const validateApp = validatorOf(APP)
export const validateApps = validatorOf(APPS)
