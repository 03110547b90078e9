/**
 * A Nix daemon made of two streams, for what a real one can't be told to do: to answer late, to break off, to be of
 * another version. `daemon-conformance.test.ts` runs the same questions against it and against the real one.
 */
import { PassThrough } from 'node:stream'
import type { Duplex, Transport } from '../../src/store/daemon/transport.ts'
import { WireReader, WireWriter } from '../../src/store/daemon/wire.ts'

/** As in worker-protocol.hh and logging.hh. */
export const CODE = {
  clientMagic: 0x6e697863,
  daemonMagic: 0x6478696f,
  next: 0x6f6c6d67,
  write: 0x64617416,
  last: 0x616c7473,
  error: 0x63787470,
  startActivity: 0x53545254,
  stopActivity: 0x53544f50,
  result: 0x52534c54,
} as const

export type FakePath = {
  readonly narHash: string
  readonly narSize: number
  readonly references: readonly string[]
}

export type FakeOptions = {
  /** The protocol it offers. */
  readonly protocol?: { readonly major: number; readonly minor: number }
  readonly version?: string
  /** What is valid, by path. */
  readonly paths?: ReadonlyMap<string, FakePath>
  /** Sent before each reply: logs and progress. */
  readonly messages?: Uint8Array
  /** Requests after which a connection ends. */
  readonly requestsPerConnection?: number
  /** Awaited before each reply. */
  readonly delay?: () => Promise<unknown>
}

export type FakeDaemon = Transport & {
  /** Of every connection ever opened, whether the client has closed it. */
  readonly connections: readonly { closed: boolean }[]
  /** Numbers of the operations asked for, in order. */
  readonly asked: readonly number[]
}

export function fakeDaemon(options: FakeOptions = {}): FakeDaemon {
  const connections: { closed: boolean }[] = []
  const asked: number[] = []
  return {
    name: 'fake',
    connections,
    asked,
    open: async () => {
      const [input, output] = [new PassThrough(), new PassThrough()]
      const state = { closed: false }
      connections.push(state)
      // A client that leaves ends the conversation: what is left of it is nobody's loss.
      void converse(input, output, options, asked).catch(() => input.end())
      const close = () => {
        state.closed = true
        input.destroy()
        output.destroy()
      }
      output.on('error', () => undefined)
      input.on('error', () => undefined)
      return { input, output, explain: () => '', close }
    },
  }
}

/** A daemon that says these bytes, whatever it hears, and hangs up. */
export function playback(bytes: Uint8Array, lastWords = ''): Duplex & { readonly wasClosed: () => boolean } {
  const [input, output] = [new PassThrough(), new PassThrough()]
  output.resume()
  input.end(bytes)
  let closed = false
  const close = () => {
    closed = true
    input.destroy()
    output.destroy()
  }
  return { input, output, explain: () => lastWords, close, wasClosed: () => closed }
}

/** What a daemon of this version says until it waits for the first request. */
export function greeting(
  { major, minor }: { readonly major: number; readonly minor: number },
  version: string,
): Uint8Array {
  const out = new WireWriter().number(CODE.daemonMagic).number((major << 8) | minor)
  out.string(version)
  // What a client of 1.35 and this daemon have in common decides.
  if (minor >= 35) out.number(1)
  return out.number(CODE.last).bytes()
}

export function errorMessage(message: string, traces: readonly string[] = []): Uint8Array {
  const out = new WireWriter().number(CODE.error).string('Error').number(0).string('Error').string(message)
  out.number(0).number(traces.length)
  for (const trace of traces) out.number(0).string(trace)
  return out.bytes()
}

async function converse(
  input: PassThrough,
  output: PassThrough,
  { protocol = { major: 1, minor: 34 }, version = '2.8.0', ...options }: FakeOptions,
  asked: number[],
): Promise<void> {
  const wire = new WireReader(output as AsyncIterable<Uint8Array>)
  if ((await wire.number()) !== CODE.clientMagic) throw new Error('no client')
  await wire.number()
  const [first, rest] = [
    greeting(protocol, version).subarray(0, 16),
    greeting(protocol, version).subarray(16),
  ]
  input.write(first)
  await wire.number()
  await wire.number()
  input.write(rest)
  for (let count = 0; count < (options.requestsPerConnection ?? Infinity); count++) {
    const operation = await wire.number()
    asked.push(operation)
    const reply = await answer(operation, wire, options.paths ?? new Map())
    await options.delay?.()
    input.write(Buffer.concat([options.messages ?? new Uint8Array(), reply]))
  }
  input.end()
}

/** Only what the tests ask. */
async function answer(
  operation: number,
  wire: WireReader,
  paths: ReadonlyMap<string, FakePath>,
): Promise<Uint8Array> {
  switch (operation) {
    case 1:
      return lastMessage()
        .number(paths.has(await wire.string()) ? 1 : 0)
        .bytes()
    case 10: {
      const path = await wire.string()
      return paths.has(path)
        ? lastMessage().number(1).bytes()
        : errorMessage(`path '${path}' does not exist and no substituter has it`)
    }
    case 11:
      await wire.string()
      return lastMessage().number(1).bytes()
    case 26: {
      const found = paths.get(await wire.string())
      if (found === undefined) return lastMessage().number(0).bytes()
      const { narHash, narSize, references } = found
      return lastMessage()
        .number(1)
        .string('')
        .string(narHash)
        .strings(references)
        .number(0)
        .number(narSize)
        .number(0)
        .strings([])
        .string('')
        .bytes()
    }
    case 29: {
      const hash = await wire.string()
      return lastMessage()
        .string([...paths.keys()].find((path) => path.startsWith(`/nix/store/${hash}`)) ?? '')
        .bytes()
    }
    case 31: {
      const asked = await wire.strings()
      await wire.number()
      return lastMessage()
        .strings(asked.filter((path) => paths.has(path)))
        .bytes()
    }
    case 33:
      await wire.string()
      return lastMessage().strings([]).bytes()
    case 40: {
      const unknown = (await wire.strings()).filter((path) => !paths.has(path))
      return lastMessage().strings([]).strings([]).strings(unknown).number(0).number(0).bytes()
    }
    default:
      throw new Error(`operation ${operation} is not faked`)
  }
}

/** After it comes the reply. */
function lastMessage(): WireWriter {
  return new WireWriter().number(CODE.last)
}
