/**
 * Reads the messages of a daemon while it works on a request: log lines, activities, progress, and the end, good or
 * bad. Source: `worker-protocol.hh` and `logging.hh` of Nix, protocol 1.35.
 */
import type { StoreEvent } from '../store.ts'
import type { WireReader } from './wire.ts'

/** Nix understood the request and failed at it. Its connection can be used again. */
export class NixError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NixError'
  }
}

const MESSAGE = {
  next: 0x6f6c6d67,
  read: 0x64617461,
  write: 0x64617416,
  last: 0x616c7473,
  error: 0x63787470,
  startActivity: 0x53545254,
  stopActivity: 0x53544f50,
  result: 0x52534c54,
} as const
const ACTIVITY = { build: 105, substitute: 108 } as const
const RESULT_LOG_LINE = 101
const POST_BUILD_LOG_LINE = 107
const FIELD_NUMBER = 0
/** Colours, and whatever else steers a terminal or is no text: a builder prints what it likes. */
// oxlint-disable-next-line no-control-regex -- control characters are what is meant
const CONTROL = /\u001b\[[0-9;]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g
/** Nix shows whole URLs, and what it says reaches logs and clients. */
const URL_PASSWORD = /(:\/\/[^\s/@:]*:)[^\s/@]+@/g

/**
 * Reads messages until the daemon says that the reply follows.
 * @throws NixError when the daemon reports a failure.
 */
export async function readMessages(
  wire: WireReader,
  minor: number,
  onEvent: (event: StoreEvent) => void,
): Promise<void> {
  const building = new Map<number, string>()
  for (;;) {
    const type = await wire.number()
    switch (type) {
      case MESSAGE.last:
        return
      case MESSAGE.next:
        emitLines(await wire.text(), undefined, onEvent)
        break
      case MESSAGE.write:
        await wire.string()
        break
      case MESSAGE.error:
        throw new NixError(await readError(wire, minor))
      case MESSAGE.startActivity:
        await readActivity(wire, building, onEvent)
        break
      case MESSAGE.stopActivity:
        building.delete(await wire.number())
        break
      case MESSAGE.result: {
        const activity = await wire.number()
        const result = await wire.number()
        const [line] = await readFields(wire)
        const isLine = result === RESULT_LOG_LINE || result === POST_BUILD_LOG_LINE
        if (isLine && typeof line === 'string') emitLines(line, building.get(activity), onEvent)
        break
      }
      default:
        throw new Error(`worker protocol: unknown message 0x${type.toString(16)}`)
    }
  }
}

async function readActivity(
  wire: WireReader,
  building: Map<number, string>,
  onEvent: (event: StoreEvent) => void,
): Promise<void> {
  const activity = await wire.number()
  await wire.number() // verbosity
  const type = await wire.number()
  await wire.text()
  const [subject, place] = await readFields(wire)
  await wire.number() // parent activity
  if (typeof subject !== 'string') return
  const from = typeof place === 'string' && place !== '' ? place : undefined
  if (type === ACTIVITY.build) {
    building.set(activity, subject)
    onEvent({ kind: 'building', derivation: subject, ...(from === undefined ? {} : { machine: from }) })
  } else if (type === ACTIVITY.substitute) {
    onEvent({ kind: 'substituting', path: subject, ...(from === undefined ? {} : { cache: from }) })
  }
}

async function readFields(wire: WireReader): Promise<(bigint | string)[]> {
  return wire.list<bigint | string>(async () =>
    (await wire.number()) === FIELD_NUMBER ? wire.bigint() : wire.text(),
  )
}

async function readError(wire: WireReader, minor: number): Promise<string> {
  if (minor < 26) {
    const message = await wire.text()
    await wire.number() // exit status
    return plainText(message)
  }
  await wire.string() // "Error"
  await wire.number() // level
  await wire.string() // name, no longer used
  const message = await wire.text()
  await wire.number() // has a position: always 0
  await wire.list(async () => {
    await wire.number()
    return wire.string()
  })
  return plainText(message)
}

function emitLines(text: string, derivation: string | undefined, onEvent: (event: StoreEvent) => void): void {
  for (const line of plainText(text).split('\n')) onEvent({ kind: 'log', line, derivation })
}

/** Without colours, without the passwords of binary caches, and without the line end that some messages carry. */
export function plainText(text: string): string {
  return text.replaceAll(CONTROL, '').replaceAll(URL_PASSWORD, '$1\u2026@').replace(/\n$/, '')
}
