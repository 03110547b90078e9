/** The fields of a log line about an error. An expected failure is one sentence; a defect has its stack. */
import { causesOf, messageChain } from '../../core/errors/error-chain.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { systemCode } from '../../core/errors/system-error.ts'

/** The kind of failures that have neither a known code nor a known class. */
const EXPECTED_NAMES: ReadonlySet<string> = new Set([
  'ConnectionError',
  'NixError',
  'NixMissing',
  'AbortError',
  'TimeoutError',
])

type ErrorFacts = {
  readonly type: string
  /** With what its causes add to it. */
  readonly message: string
  /** The system's, such as `ENOENT`. */
  readonly code?: string
  readonly kind?: string
  readonly stack?: string
}

/** @param hasStacks whether expected failures have them, too. @returns a serializer for pino. */
export function errorFacts(hasStacks: boolean): (error: unknown) => unknown {
  return (error) => {
    if (!(error instanceof Error)) return error
    const causes = causesOf(error)
    const code = causes.map(systemCode).find((found) => found !== undefined)
    return {
      type: error.name,
      message: messageChain(error),
      ...(code === undefined ? {} : { code }),
      ...(error instanceof RegistryError ? { kind: error.kind } : {}),
      ...(hasStacks || !isExpected(error, causes) ? { stack: stackOf(causes) } : {}),
    } satisfies ErrorFacts
  }
}

/** Whether it is a failure that this program knows of, and none that a mistake in it caused. */
function isExpected(error: Error, causes: readonly unknown[]): boolean {
  if (causes.some(isMistake)) return false
  return error instanceof RegistryError || EXPECTED_NAMES.has(error.name) || 'code' in error
}

/** Errors that JavaScript itself throws. Node's own errors of these classes have a code. */
function isMistake(cause: unknown): boolean {
  const isNative =
    cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError
  return isNative && !('code' in cause)
}

function stackOf(causes: readonly unknown[]): string {
  return causes.map((cause) => (cause instanceof Error ? cause.stack : String(cause))).join('\ncaused by: ')
}
