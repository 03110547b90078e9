/**
 * Says why work failed, so that a person can act on it: which derivation it was (often not the one that was asked for,
 * but one that it needs), its last lines, and the cause in a few words for where there is room for no more.
 *
 * Nix has a status for some causes only. Exit codes, and a disk that is full while something is fetched or unpacked,
 * are in its messages alone, which have read the same since Nix 2.4; a message that reads otherwise one day costs the
 * short form, and a retry more or less.
 */
import type { Work } from '../../store/work.ts'
import { LRUCache } from 'lru-cache'
import { RegistryError, type ErrorKind } from '../../core/errors/errors.ts'
import {
  STORE_DIR,
  isDerivationPath,
  parseStorePath,
  storeHashOf,
  storeNameOf,
  type StoreHash,
  type StorePath,
} from '../../core/nix/store-path.ts'
import { headline, isPassing } from '../../store/complaints.ts'
import type { BuildOutcome, StoreEvent } from '../../store/store.ts'

/** Enough to see what went wrong, little enough for an error body. */
const LOG_LINES_KEPT = 20
const LINE_LENGTH = 1_000
const REASON_LENGTH = 4_000
/** Derivations whose last lines are kept; Nix builds a few at once, and stops soon after the first failure. */
const DERIVATIONS_KEPT = 64
/** The length of a name, in a line of 100 characters that has room for two. */
const NAME_LENGTH = 36
const CAUSE_LENGTH = 60

const CAUSES: Readonly<Record<string, string>> = {
  InputRejected: 'input rejected',
  OutputRejected: 'no valid output',
  CachedFailure: 'failed before',
  TimedOut: 'timed out',
  DependencyFailed: 'a dependency failed',
  LogLimitExceeded: 'printed too much',
  NotDeterministic: 'not deterministic',
}
/** Kinds of failures that may be over in a moment, and aren't the fault of the work. */
const PASSING: ReadonlySet<ErrorKind> = new Set(['unavailable', 'lookup-failed', 'no-space'])
/**
 * Nix has no status for it. Of a dependency it says so only in the log. Nix 2.3 to 2.28 and Lix, then 2.29 on:
 * `DerivationBuilder::startBuilder`, "a 'aarch64-linux' with features {} is required to build …, but I am a …".
 */
const NO_BUILDER = /\bis required to build '|[Rr]equired system or feature not available/
const STORE_PATHS = new RegExp(`${STORE_DIR}/[0-9a-z]{32}-[0-9A-Za-z+\\-._?=]+`, 'g')

/** The facts of a failed build that clients see. */
type BuildDetail = {
  readonly derivation: StorePath
  readonly output: string
  readonly status: string
  readonly reason: string
  /** The derivation that failed, where it isn't the one that was requested. */
  readonly dependency?: StorePath
  readonly log: readonly string[]
}

/** Returns the name of work, for people. */
export function displayName(path: StorePath): string {
  return storeNameOf(path).replace(/\.drv$/, '')
}

/** The hash that work is known by. */
export function workId(work: Work): StoreHash {
  return storeHashOf(work.kind === 'fetch' ? work.path : work.derivation)
}

/** The last lines of each derivation, and of Nix itself. */
export class LastLines {
  readonly #all: string[] = []
  readonly #own: string[] = []
  readonly #byDerivation = new LRUCache<string, string[]>({ max: DERIVATIONS_KEPT })
  #building: string | undefined

  hear(event: StoreEvent): void {
    if (event.kind === 'building') {
      this.#building = event.derivation
      this.#byDerivation.set(event.derivation, [])
    }
    if (event.kind !== 'log') return
    const line = event.line.slice(0, LINE_LENGTH)
    keepLast(this.#all, line)
    if (event.derivation === undefined) keepLast(this.#own, line)
    else {
      const lines = this.#byDerivation.get(event.derivation) ?? []
      keepLast(lines, line)
      this.#byDerivation.set(event.derivation, lines)
    }
  }

  /** The derivation that was begun last. */
  get building(): string | undefined {
    return this.#building
  }

  /** The last lines of a derivation; those of all derivations where it printed nothing. */
  linesOf(derivation: string): readonly string[] {
    const lines = this.#byDerivation.get(derivation) ?? []
    return [...(lines.length > 0 ? lines : this.#all)]
  }

  get all(): readonly string[] {
    return [...this.#all]
  }

  /** Returns the lines of Nix itself, with its last message at the end. */
  ownText(last: string): string {
    return [...this.#own, last].join('\n').slice(0, REASON_LENGTH)
  }

  /** Finds the failed derivation because of which `asked` couldn't be built, and Nix's message about it. */
  dependency(asked: StorePath): { readonly path: StorePath; readonly message: string } | undefined {
    const told = this.#own.flatMap((message) =>
      (message.match(STORE_PATHS) ?? []).flatMap((text) => {
        const path = parseStorePath(text)
        return path === undefined || path === asked || !isDerivationPath(path) ? [] : [{ path, message }]
      }),
    )
    // Those between fail, too, and were never begun.
    return told.find(({ path }) => this.#byDerivation.has(path)) ?? told[0]
  }
}

/** Why a build failed. `isLasting` tells what would fail again from what was the matter with this machine just then. */
export function buildFailure(
  derivation: StorePath,
  output: string,
  { status, message }: Extract<BuildOutcome, { kind: 'failed' }>,
  lines: LastLines,
): RegistryError {
  const reason = message.slice(0, REASON_LENGTH)
  const facts = { derivation, output, status, reason }
  const dependency = status === 'DependencyFailed' ? lines.dependency(derivation) : undefined
  const isLacking = [reason, ...lines.all].some((line) => NO_BUILDER.test(line))
  const kind = isLacking ? 'no-builder' : 'build-failed'
  if (dependency === undefined) {
    const brief = `${shorten(displayName(derivation), NAME_LENGTH)}: ${causeOf(status, reason)}`
    return failedBuild(kind, headline(reason).replace(/;$/, ''), brief, {
      ...facts,
      log: lines.linesOf(derivation),
    })
  }
  const name = displayName(dependency.path)
  const own = dependency.message.replace(/^error: /, '').replace(/;$/, '')
  const cause = causeOf('', own)
  return failedBuild(
    kind,
    `dependency ${name}: ${own}`,
    `${shorten(name, NAME_LENGTH)}: ${cause} (for ${shorten(displayName(derivation), NAME_LENGTH)})`,
    {
      ...facts,
      reason: lines.ownText(reason),
      dependency: dependency.path,
      log: lines.linesOf(dependency.path),
    },
  )
}

/** A failed fetch with what leads to its record; any other error as it is. */
export function explained(work: Work, error: unknown): unknown {
  if (!(error instanceof RegistryError) || error.kind !== 'fetch-failed') return error
  const { kind, message, cause, detail } = error
  const path = work.kind === 'fetch' ? work.path : work.derivation
  const reason = detail?.['reason']
  return new RegistryError(kind, message, {
    cause,
    detail: {
      ...detail,
      ...(typeof reason === 'string' ? { reason: reason.slice(0, REASON_LENGTH) } : {}),
    },
    brief: shorten(displayName(path), NAME_LENGTH),
    build: workId(work),
  })
}

/** Makes the failure of work that this server gave up. Its connection was closed, which ends the builders, too. */
export function givenUp(work: Work, reason: string, lines: LastLines, cause: unknown): RegistryError {
  if (work.kind === 'fetch') {
    return new RegistryError('fetch-failed', `nix fetch ${reason}`, {
      cause,
      detail: {
        path: work.path,
        reason,
        log: lines.all,
      },
      brief: `${shorten(displayName(work.path), NAME_LENGTH)}: ${reason}`,
      build: workId(work),
    })
  }
  const { derivation, output } = work
  return new RegistryError('build-failed', `nix build ${reason}`, {
    cause,
    detail: {
      derivation,
      output,
      status: 'TimedOut',
      reason,
      ...(lines.building === undefined ? {} : { building: lines.building }),
      log: lines.all,
    },
    brief: `${shorten(displayName(derivation), NAME_LENGTH)}: ${reason}`,
    build: storeHashOf(derivation),
  })
}

/** Whether the same work would fail again: a build that can't succeed, and not a full disk or a Nix that is away. */
export function isLasting(error: unknown): error is RegistryError {
  if (!(error instanceof RegistryError) || PASSING.has(error.kind)) return false
  const { status, reason, log } = error.detail ?? {}
  if (status === 'TransientFailure') return false
  return ![reason, ...(Array.isArray(log) ? log : [])].some(
    (text) => typeof text === 'string' && isPassing(text),
  )
}

function failedBuild(
  kind: 'build-failed' | 'no-builder',
  message: string,
  brief: string,
  detail: BuildDetail,
): RegistryError {
  return new RegistryError(kind, `nix build failed: ${message}`, {
    detail,
    brief,
    build: storeHashOf(detail.derivation),
  })
}

/**
 * In a few words: what the builder ended with, what machine it would need, else what Nix calls it, else the beginning
 * of what it says.
 */
function causeOf(status: string, message: string): string {
  const ended = /exit code \d+|signal \d+(?: \([A-Za-z ]+\))?/.exec(message)?.[0]
  if (ended !== undefined) return ended
  const needed = /a '([^']+)' with features \{([^}]*)\} is required/.exec(message)
  if (needed !== null) return `no builder for ${[needed[1], needed[2]].join(' ').trim()}`
  return CAUSES[status] ?? shorten(headline(message).replaceAll(STORE_PATHS, nameIn), CAUSE_LENGTH)
}

function nameIn(path: string): string {
  const parsed = parseStorePath(path)
  return parsed === undefined ? path : displayName(parsed)
}

function keepLast(lines: string[], line: string): void {
  lines.push(line)
  if (lines.length > LOG_LINES_KEPT) lines.shift()
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`
}
