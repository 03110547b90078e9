import t from 'tap'
import { RegistryError, type ErrorKind } from '../../src/core/errors/errors.ts'
import { INTERNAL_ERROR, OPERATOR, errorReply } from '../../src/http/error-table.ts'
import { failureOf } from './fake-registry.ts'

type Expected = {
  readonly status: number
  readonly code: string
  readonly retryAfter?: number
  readonly isSecret?: true
}

/** A kind that is missing here, or too many, doesn't compile. */
const TABLE = {
  'name-invalid': { status: 400, code: 'NAME_INVALID' },
  'name-unknown': { status: 404, code: 'NAME_UNKNOWN', isSecret: true },
  'not-found': { status: 404, code: 'NAME_UNKNOWN' },
  'manifest-unknown': { status: 404, code: 'MANIFEST_UNKNOWN' },
  'blob-unknown': { status: 404, code: 'BLOB_UNKNOWN' },
  'digest-invalid': { status: 400, code: 'DIGEST_INVALID' },
  denied: { status: 404, code: 'NAME_UNKNOWN', isSecret: true },
  unauthorized: { status: 401, code: 'UNAUTHORIZED' },
  'too-many-guesses': { status: 429, code: 'TOOMANYREQUESTS', retryAfter: 5 },
  'certificate-needed': { status: 403, code: 'DENIED' },
  misdirected: { status: 421, code: 'DENIED' },
  'cross-site': { status: 403, code: 'DENIED' },
  'precondition-failed': { status: 412, code: 'UNKNOWN' },
  pending: { status: 429, code: 'TOOMANYREQUESTS', retryAfter: 5 },
  'build-failed': { status: 500, code: 'UNKNOWN' },
  'no-builder': { status: 500, code: 'UNKNOWN' },
  'fetch-failed': { status: 500, code: 'UNKNOWN' },
  'lookup-failed': { status: 503, code: 'UNKNOWN', retryAfter: 5 },
  'no-space': { status: 503, code: 'UNKNOWN', retryAfter: 60 },
  unservable: { status: 500, code: 'UNKNOWN' },
  unavailable: { status: 503, code: 'UNKNOWN', retryAfter: 5, isSecret: true },
  'too-many-requests': { status: 429, code: 'TOOMANYREQUESTS', retryAfter: 5 },
  overloaded: { status: 503, code: 'TOOMANYREQUESTS', retryAfter: 5 },
  unsupported: { status: 405, code: 'UNSUPPORTED' },
  'manifest-invalid': { status: 400, code: 'MANIFEST_INVALID' },
  malformed: { status: 400, code: 'UNKNOWN' },
  refused: { status: 403, code: 'DENIED' },
  'too-large': { status: 413, code: 'SIZE_INVALID' },
  'too-slow': { status: 408, code: 'UNKNOWN' },
  busy: { status: 503, code: 'TOOMANYREQUESTS', retryAfter: 5 },
} as const satisfies Record<ErrorKind, Expected>

/** OCI distribution-spec, "Error Codes". */
const OCI_CODES = [
  'BLOB_UNKNOWN',
  'DENIED',
  'DIGEST_INVALID',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
  // Not in the specification's list; distribution's own for what has no better.
  'UNKNOWN',
]

const parse = (body: Buffer) =>
  JSON.parse(body.toString()) as { errors: { code: string; message: string; detail?: unknown }[] }

void t.test('every kind has its answer', async (t) => {
  for (const [kind, expected] of Object.entries(TABLE) as [ErrorKind, Expected][]) {
    const { status, code, retryAfterSeconds, body } = errorReply(failureOf(kind))
    t.equal(status, expected.status, kind)
    t.equal(code, expected.code, kind)
    t.ok(OCI_CODES.includes(code), `${kind}: a code that clients know`)
    t.equal(retryAfterSeconds, expected.retryAfter, kind)
    const { errors } = parse(body)
    t.equal(errors.length, 1)
    t.equal(errors[0]?.code, code)
    if (expected.isSecret === true) {
      t.notMatch(body.toString(), 'secret', `${kind}: message, detail and cause are for the log alone`)
      t.not(errors[0]?.message, '', kind)
    } else {
      t.equal(errors[0]?.message, `secret message of ${kind}`)
      t.strictSame(errors[0]?.detail, { path: '/secret/path' })
      t.notMatch(body.toString(), 'secret cause', kind)
    }
  }
})

void t.test('denied and absent paths have the same answer, except for the operator', async (t) => {
  const [denied, unknown] = (['denied', 'name-unknown'] as const).map((kind) => errorReply(failureOf(kind)))
  t.strictSame({ ...denied, log: '' }, { ...unknown, log: '' })
  for (const kind of ['denied', 'name-unknown'] as const) {
    const { text, body } = errorReply(failureOf(kind), OPERATOR)
    t.equal(text, `secret message of ${kind}`)
    t.strictSame(parse(body).errors[0]?.detail, { path: '/secret/path' })
  }
  t.notMatch(errorReply(failureOf('unavailable'), OPERATOR).body.toString(), 'secret', 'the log has that')
})

void t.test('the output of a builder is for readers of its log', async (t) => {
  const quoted = "builder for 'x' failed;\n       last 1 log lines:\n       > secret"
  const failure = new RegistryError('build-failed', `nix build failed: ${quoted}`, {
    detail: { reason: quoted, log: ['secret'], status: 'MiscFailure' },
    build: 'hash',
  })
  const { body, text } = errorReply(failure)
  t.notMatch(body.toString() + text, 'secret')
  t.strictSame(parse(body).errors[0], {
    code: 'UNKNOWN',
    message: "nix build failed: builder for 'x' failed;",
    detail: { reason: "builder for 'x' failed;", status: 'MiscFailure', logUrl: '/builds/hash' },
  })
  t.match(parse(errorReply(failure, OPERATOR).body).errors[0], {
    message: `nix build failed: ${quoted}`,
    detail: { reason: quoted, log: ['secret'] },
  })
})

void t.test('an error that knows better when to come back says so', async (t) => {
  const reply = errorReply(new RegistryError('pending', 'later', { retryAfterSeconds: 30 }))
  t.equal(reply.retryAfterSeconds, 30)
  t.strictSame(parse(reply.body).errors[0]?.detail, { retryAfterSeconds: 30 }, 'in the body, too')
  t.equal(errorReply(new RegistryError('pending', 'later')).retryAfterSeconds, 5)
})

void t.test('a reason phrase is one that HTTP can carry', async (t) => {
  for (const kind of Object.keys(TABLE) as ErrorKind[]) {
    const { reason } = errorReply(failureOf(kind))
    if (reason !== undefined) t.match(reason, /^[ -~]+$/, kind)
  }
})

void t.test('an error without detail has none', async (t) => {
  const { body } = errorReply(new RegistryError('blob-unknown', 'no'))
  t.equal(body.toString(), '{"errors":[{"code":"BLOB_UNKNOWN","message":"no"}]}')
})

void t.test('a defect of ours is a 500 that says nothing of it', async (t) => {
  t.equal(INTERNAL_ERROR.status, 500)
  t.equal(parse(INTERNAL_ERROR.body).errors[0]?.code, 'UNKNOWN')
})

void t.test('a failed build leads to its log, and says why on one short line', async (t) => {
  for (const [brief, expected] of [
    ['hello: exit code 1', 'nix build failed: hello: exit code 1'],
    ['x\r\nset-cookie: a=b', 'nix build failed: x??set-cookie: a=b'],
    ['größe \u{1f600}', 'nix build failed: gr??e ??'],
    ['x'.repeat(1000), `nix build failed: ${'x'.repeat(102)}`],
    [undefined, 'nix build failed'],
  ] as const) {
    const facts = { brief, build: 'hash', detail: { derivation: 'd' } }
    const { reason, body } = errorReply(new RegistryError('build-failed', 'no', facts))
    t.equal(reason, expected)
    t.strictSame(parse(body).errors[0]?.detail, { derivation: 'd', logUrl: '/builds/hash' })
  }
  const pending = errorReply(
    new RegistryError('pending', 'wait', { build: 'hash', brief: 'working on x', detail: {} }),
  )
  t.equal(pending.reason, 'not ready yet: working on x')
  const unknown = errorReply(new RegistryError('name-unknown', 'no', { brief: 'x', detail: {} }))
  t.equal(unknown.reason, undefined, 'where the standard phrase stands it is left')
})
