/** The runtime's side of NRI, spoken by hand: it accepts plugins, calls them, and may break the protocol. */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { PbfReader, PbfWriter } from 'pbf'
import { FrameParser } from '../../src/nri/frame-parser.ts'
import { TTRPC_FORMAT, ttrpcMessage } from '../../src/nri/ttrpc-frame.ts'
import type { Scope } from '../support/scope.ts'

type Answer = { code: number; message: string; payload: Uint8Array }

interface PluginPeer {
  readonly socket: Socket
  /** Calls the plugin. */
  readonly call: (method: string, payload?: Uint8Array) => Promise<Answer>
  /** Ends with the connection. */
  readonly ended: Promise<unknown>
}

export interface FakeRuntime {
  /** The next plugin that registers. */
  readonly next: () => Promise<PluginPeer>
  readonly close: () => Promise<void>
}

export async function fakeRuntime(scope: Scope, path: string): Promise<FakeRuntime> {
  const waiting: ((peer: PluginPeer) => void)[] = []
  const peers: PluginPeer[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    accept(socket, (peer) => {
      const wanted = waiting.shift()
      if (wanted === undefined) peers.push(peer)
      else wanted(peer)
    })
  })
  server.listen(path)
  await once(server, 'listening')
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  scope.teardown(close)
  return {
    close,
    next: async () => peers.shift() ?? new Promise((resolve) => waiting.push(resolve)),
  }
}

function accept(socket: Socket, onRegistered: (peer: PluginPeer) => void): void {
  const outer = new FrameParser({
    headerBytes: 8,
    lengthOf: (header) => header.readUInt32BE(4),
    maxBytes: 1 << 23,
  })
  const inner = new Map([
    [1, new FrameParser(TTRPC_FORMAT)],
    [2, new FrameParser(TTRPC_FORMAT)],
  ])
  const calls = new Map<number, (answer: Answer) => void>()
  let stream = 1
  const peer: PluginPeer = {
    socket,
    ended: once(socket, 'close'),
    call: async (method, payload = new Uint8Array()) => {
      const writer = new PbfWriter()
      writer.writeStringField(1, 'nri.pkg.api.v1alpha1.Plugin')
      writer.writeStringField(2, method)
      writer.writeBytesField(3, payload)
      const number = stream
      stream += 2
      const { promise, resolve } = Promise.withResolvers<Answer>()
      calls.set(number, resolve)
      socket.write(frame(1, ttrpcMessage(number, 1, writer.finish())))
      return promise
    },
  }
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    for (const { header, payload } of outer.push(chunk)) {
      const connection = header.readUInt32BE(0)
      for (const message of inner.get(connection)?.push(payload) ?? []) {
        const number = message.header.readUInt32BE(4)
        if (connection === 1) calls.get(number)?.(readAnswer(message.payload))
        else {
          socket.write(frame(2, ttrpcMessage(number, 2, new Uint8Array())))
          onRegistered(peer)
        }
      }
    }
  })
}

function readAnswer(bytes: Uint8Array): Answer {
  return new PbfReader(bytes).readFields<Answer>(
    (field, answer, reader) => {
      if (field === 2) answer.payload = reader.readBytes()
      if (field === 1)
        reader.readMessage((inner) => {
          if (inner === 1) answer.code = reader.readVarint()
          if (inner === 2) answer.message = reader.readString()
        }, undefined)
    },
    { code: 0, message: '', payload: new Uint8Array() },
  )
}

/** The bytes of a whole frame. */
export function frame(connection: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(connection, 0)
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}
