/** The requests of the worker protocol that we make, and the shapes of their replies. Source: `daemon.cc` of Nix. */
import { workName, type Work } from '../work.ts'
import { methodText } from '../../core/nix/content-address.ts'
import { parseStorePath, type StoreHash, type StorePath } from '../../core/nix/store-path.ts'
import type { Request } from './connection.ts'
import { plainText } from './messages.ts'
import type { WireReader, WireWriter } from './wire.ts'
import type { Addition, BuildOutcome, Missing, PathInfo } from '../store.ts'

const OPERATION = {
  isValidPath: 1,
  addToStore: 7,
  ensurePath: 10,
  addTempRoot: 11,
  addIndirectRoot: 12,
  queryPathInfo: 26,
  queryPathFromHashPart: 29,
  queryValidPaths: 31,
  queryValidDerivers: 33,
  narFromPath: 38,
  queryMissing: 40,
  queryDerivationOutputMap: 41,
  buildPathsWithResults: 46,
} as const

/** As the daemon answers; what it warned of comes beside it. */
export type MissingReply = Omit<Missing, 'warnings'>

/** `BuildResult::Status`, in its order. */
const STATUS = [
  'Built',
  'Substituted',
  'AlreadyValid',
  'PermanentFailure',
  'InputRejected',
  'OutputRejected',
  'TransientFailure',
  'CachedFailure',
  'TimedOut',
  'MiscFailure',
  'DependencyFailed',
  'LogLimitExceeded',
  'NotDeterministic',
  'ResolvesToAlreadyValid',
  'NoSubstituters',
] as const
const SUCCEEDED: ReadonlySet<string> = new Set([
  'Built',
  'Substituted',
  'AlreadyValid',
  'ResolvesToAlreadyValid',
])
const BUILD_MODE_NORMAL = 0
const NO_REPAIR = 0

export const isValidPath = (path: StorePath): Request<boolean> =>
  request(
    OPERATION.isValidPath,
    (out) => out.string(path),
    (reply) => reply.boolean(),
  )

/** Substitutes a path that isn't valid; fails when nothing offers it. */
export const ensurePath = (path: StorePath): Request<void> =>
  request(OPERATION.ensurePath, (out) => out.string(path), acknowledged)

/** Keeps a path (valid or not yet) from being collected while the connection lives. */
export const addTempRoot = (path: StorePath): Request<void> =>
  request(OPERATION.addTempRoot, (out) => out.string(path), acknowledged)

/** Makes a link anywhere, which points into the store, a root for as long as it is there. */
export const addIndirectRoot = (link: string): Request<void> =>
  request(OPERATION.addIndirectRoot, (out) => out.string(link), acknowledged)

export const queryPathInfo = (path: StorePath): Request<PathInfo | undefined> =>
  request(
    OPERATION.queryPathInfo,
    (out) => out.string(path),
    async (reply) => ((await reply.boolean()) ? readPathInfo(path, reply) : undefined),
  )

/** Nix computes the path itself, from the bytes that it reads. No sender can choose it, trusted or not. */
export const addToStore = ({ name, method, references, content }: Addition): Request<PathInfo> => ({
  ...request(
    OPERATION.addToStore,
    (out) => out.string(name).string(methodText(method)).strings(references).number(NO_REPAIR),
    async (reply) => {
      const text = await reply.string()
      const path = parseStorePath(text)
      if (path === undefined) throw new Error(`worker protocol: not a store path: ${text.slice(0, 300)}`)
      return readPathInfo(path, reply)
    },
  ),
  body: content,
})

/** The archive follows, without its length: the path's info has it. */
export const narFromPath = (path: StorePath): Request<WireReader> =>
  request(
    OPERATION.narFromPath,
    (out) => out.string(path),
    async (reply) => reply,
  )

export const queryPathFromHashPart = (hash: StoreHash): Request<StorePath | undefined> =>
  request(
    OPERATION.queryPathFromHashPart,
    (out) => out.string(hash),
    async (reply) => parseStorePath(await reply.string()),
  )

export const queryValidPaths = (paths: readonly StorePath[]): Request<readonly StorePath[]> =>
  request(OPERATION.queryValidPaths, (out) => out.strings(paths).number(0), storePaths)

/** The derivations in the store that make this path, even if none was ever built. */
export const queryValidDerivers = (path: StorePath): Request<readonly StorePath[]> =>
  request(OPERATION.queryValidDerivers, (out) => out.string(path), storePaths)

/** Output names to paths; no path where it isn't known before the build. */
export const queryDerivationOutputMap = (
  derivation: StorePath,
): Request<ReadonlyMap<string, StorePath | undefined>> =>
  request(
    OPERATION.queryDerivationOutputMap,
    (out) => out.string(derivation),
    async (reply) =>
      new Map(
        await reply.list(async () => [await reply.string(), parseStorePath(await reply.string())] as const),
      ),
  )

export const queryMissing = (wanted: readonly Work[]): Request<MissingReply> =>
  request(
    OPERATION.queryMissing,
    (out) => out.strings(wanted.map(workName)),
    async (reply) => ({
      willBuild: await storePaths(reply),
      willSubstitute: await storePaths(reply),
      unknown: await storePaths(reply),
      downloadSize: await reply.number(),
      narSize: await reply.number(),
    }),
  )

export const buildPathsWithResults = (wanted: readonly Work[]): Request<readonly BuildOutcome[]> =>
  request(
    OPERATION.buildPathsWithResults,
    (out) => out.strings(wanted.map(workName)).number(BUILD_MODE_NORMAL),
    (reply) => reply.list(() => readBuildOutcome(reply)),
  )

async function readPathInfo(path: StorePath, reply: WireReader): Promise<PathInfo> {
  const deriver = parseStorePath(await reply.string())
  const narHash = await reply.string()
  const references = await storePaths(reply)
  await reply.bigint() // registration time
  const narSize = await reply.number()
  const isBuiltHere = await reply.boolean()
  const signatures = await reply.strings()
  const contentAddress = await reply.string()
  return { path, narHash, narSize, references, deriver, isBuiltHere, signatures, contentAddress }
}

async function readBuildOutcome(reply: WireReader): Promise<BuildOutcome> {
  await reply.string() // what was asked
  const code = await reply.number()
  const message = plainText(await reply.text())
  await reply.number() // times built
  await reply.boolean() // found not deterministic
  await reply.bigint() // start
  await reply.bigint() // stop
  await reply.list(async () => {
    await reply.string()
    return reply.string()
  })
  const status = STATUS[code] ?? `status ${code}`
  return SUCCEEDED.has(status) ? { kind: 'done' } : { kind: 'failed', status, message }
}

function request<T>(
  operation: number,
  write: (out: WireWriter) => void,
  read: (reply: WireReader) => Promise<T>,
): Request<T> {
  return {
    write: (out) => {
      out.number(operation)
      write(out)
    },
    read,
  }
}

async function acknowledged(reply: WireReader): Promise<void> {
  await reply.number() // always 1
}

async function storePaths(reply: WireReader): Promise<readonly StorePath[]> {
  return (await reply.strings()).flatMap((text) => parseStorePath(text) ?? [])
}
