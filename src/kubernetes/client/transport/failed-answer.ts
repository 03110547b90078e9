/**
 * Reads the answer of a failed request: a `Status` of Kubernetes, or whatever a proxy or a broken server sends instead.
 * Messages are shortened, since that of an immutable field holds the whole object.
 */
import { listAt, textAt } from '../../../core/json-fields.ts'
import { isObject, parseJson, type Json } from '../../../core/json.ts'
import { KubernetesError, type FieldCause, type KubernetesErrorKind } from '../kubernetes-error.ts'

const MAX_MESSAGE = 500
/** The words of Kubernetes' validation (pkg/apis, each kind) for a field that never changes. */
const IMMUTABLE =
  /is immutable|immutable (?:once|after)|may not (?:be changed|be updated|change\b)|cannot (?:be changed|change)|updates? to .{1,200} are forbidden|updates may not change|can not be unset/i
/** The words of admission (apiserver, kubernetes/plugin) before the reason of a webhook, a quota, a policy or a namespace that ends. */
const ADMISSION =
  /admission webhook "[^"]*" denied|exceeded quota|status unknown for quota|ValidatingAdmissionPolicy '|violates PodSecurity|because it is being terminated|is forbidden: (?:maximum|minimum) /
/**
 * How server-side apply refuses a field that is unknown, doubled or of the wrong type (apimachinery, managedfields). The
 * server answers 500, though the object is wrong and will be so the next time.
 */
const UNTYPED = /^failed to (?:create typed|convert) .{1,500}?(?:\): |version: )([^]*)$/
const UNTYPED_FIELD = /^\s*(\.\S+): (.+)$/gm
/** The answer of a server without such a kind (net/http, NotFound). */
const NO_SUCH_PATH = '404 page not found'

/**
 * Returns the error that an answer stands for.
 * @param body the text of the answer. @param retryAfter the header Retry-After.
 */
export function failedAnswer(status: number, body: string, retryAfter?: string): KubernetesError {
  const answer = statusIn(body)
  const seconds = Number(retryAfter ?? fieldSeconds(answer))
  const causes = causesOf(answer)
  const facts = {
    status,
    causes,
    retryAfterSeconds: Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
  }
  if (answer === undefined) {
    const kind = kindWithoutStatus(status, body)
    const text = shortened(body.replaceAll(/(?:<[^>]*>|\s)+/g, ' ').trim())
    const said = kind === 'no-such-kind' ? 'the server has no such kind' : `the server answered ${status}`
    return new KubernetesError(kind, `${said}${text === '' ? '' : `: ${text}`}`, facts)
  }
  const message = textAt(answer, 'message') ?? `the server answered ${status}`
  return new KubernetesError(kindOf(status, answer, message, causes), shortened(message), facts)
}

function kindOf(
  status: number,
  answer: Json,
  message: string,
  causes: readonly FieldCause[],
): KubernetesErrorKind {
  if (status !== 401 && ADMISSION.test(message)) return 'denied'
  if (status === 500 && UNTYPED.test(message)) return 'invalid'
  const reason = textAt(answer, 'reason')
  switch (status) {
    case 401:
      return 'unauthorized'
    case 403:
      return 'forbidden'
    case 404:
      return 'not-found'
    case 409:
      return reason === 'AlreadyExists' ? 'already-exists' : 'conflict'
    case 410:
      return 'expired'
    case 422:
      return causes.length > 0 && causes.every(({ message: one }) => IMMUTABLE.test(one))
        ? 'immutable'
        : 'invalid'
    case 429:
      return 'too-many-requests'
    case 504:
      return 'timeout'
  }
  return status >= 400 && status < 500 ? 'invalid' : 'server'
}

/**
 * Everything that isn't a Status comes from elsewhere, such as from a balancer, but for one answer. The 404 of a balancer
 * must not pass for it: objects of a kind that is gone are gone, too, and the inventory forgets them.
 */
function kindWithoutStatus(status: number, body: string): KubernetesErrorKind {
  switch (status) {
    case 401:
      return 'unauthorized'
    case 404:
      return body.trim() === NO_SUCH_PATH ? 'no-such-kind' : 'malformed'
    case 429:
      return 'too-many-requests'
  }
  // A balancer without a server, or a server that panicked, may be better in a moment.
  return status >= 500 ? 'server' : 'malformed'
}

function statusIn(body: string): Json | undefined {
  try {
    const value = parseJson(body)
    return isObject(value) && value['kind'] === 'Status' ? value : undefined
  } catch {
    return undefined
  }
}

function fieldSeconds(answer: Json | undefined): number {
  const details = isObject(answer) ? answer['details'] : undefined
  const seconds = isObject(details) ? details['retryAfterSeconds'] : undefined
  return typeof seconds === 'number' ? seconds : Number.NaN
}

function causesOf(answer: Json | undefined): readonly FieldCause[] {
  const causes = listAt(answer, 'details', 'causes').map((cause) => ({
    field: textAt(cause, 'field') ?? '',
    message: shortened(textAt(cause, 'message') ?? ''),
  }))
  if (causes.length > 0) return causes
  const [, fields = ''] = UNTYPED.exec(textAt(answer, 'message') ?? '') ?? []
  return Array.from(fields.matchAll(UNTYPED_FIELD), ([, field = '', message = '']) => ({
    // As validation writes them.
    field: field.slice(1),
    message: shortened(message),
  }))
}

function shortened(text: string): string {
  return text.length <= MAX_MESSAGE
    ? text
    : `${text.slice(0, MAX_MESSAGE / 2)} … ${text.slice(-MAX_MESSAGE / 2)}`
}
