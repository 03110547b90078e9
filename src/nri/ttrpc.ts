/**
 * Calls over ttrpc, in both directions: a client that sends requests, and a server that answers them. Both know single
 * requests and responses alone, which is all that NRI has.
 */
import { FrameParser, ProtocolError } from './frame-parser.ts'
import type { Channel } from './multiplexer.ts'
import { readMessage, writeMessage } from './protobuf.ts'
import {
  KIND,
  REMOTE_OPEN,
  TTRPC_FORMAT,
  TTRPC_MAX_BYTES,
  readTtrpcHeader,
  ttrpcMessage,
} from './ttrpc-frame.ts'

/** Codes of `google.rpc.Code`. */
export const CODE = { unknown: 2, failedPrecondition: 9, unimplemented: 12, unavailable: 14 } as const

/** An error that a peer answers, or is answered. Its message is for people. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

type OpenChannel = (receive: (bytes: Buffer) => void) => Channel

export class TtrpcClient {
  readonly #channel: Channel
  readonly #calls = new Map<number, PromiseWithResolvers<Uint8Array>>()
  /** Streams of clients have odd numbers. */
  #stream = 1

  constructor(open: OpenChannel) {
    const parser = new FrameParser(TTRPC_FORMAT)
    this.#channel = open((bytes) => {
      for (const { header, payload } of parser.push(bytes)) this.#receive(header, payload)
    })
  }

  /** @throws CallError as the peer answers, or where the connection ends. */
  async call(service: string, method: string, payload: Uint8Array): Promise<Uint8Array> {
    const stream = this.#stream
    this.#stream += 2
    const call = Promise.withResolvers<Uint8Array>()
    this.#calls.set(stream, call)
    const request = writeMessage((writer) => {
      writer.writeStringField(1, service)
      writer.writeStringField(2, method)
      writer.writeBytesField(3, payload)
    })
    this.#channel.send(ttrpcMessage(stream, KIND.request, request))
    return call.promise
  }

  /** Ends all calls that are waiting. */
  close(): void {
    for (const call of this.#calls.values())
      call.reject(new CallError(CODE.unavailable, 'the connection ended'))
    this.#calls.clear()
  }

  #receive(header: Buffer, payload: Buffer): void {
    const { stream, kind } = readTtrpcHeader(header)
    const call = this.#calls.get(stream)
    if (kind !== KIND.response || call === undefined) return
    this.#calls.delete(stream)
    const response = readResponse(payload)
    if (response.code === 0) call.resolve(response.payload)
    else call.reject(new CallError(response.code, response.message))
  }
}

/** Answers a call. @throws CallError for what the peer is told; any other error is told without its reason. */
export type CallHandler = (service: string, method: string, payload: Uint8Array) => Promise<Uint8Array>

/** Answers the calls that come over a channel, each as soon as its handler is done. */
export function serveTtrpc(open: OpenChannel, handle: CallHandler): void {
  const parser = new FrameParser(TTRPC_FORMAT)
  const channel = open((bytes) => {
    for (const { header, payload } of parser.push(bytes)) {
      const { stream, kind, flags } = readTtrpcHeader(header)
      if (kind !== KIND.request) continue
      if (stream % 2 === 0) throw new ProtocolError(`a request with the number ${stream}, which is even`)
      if ((flags & REMOTE_OPEN) === 0) void answer(stream, readRequest(payload))
      else respond(stream, failure(new CallError(CODE.unimplemented, 'requests in parts are unknown here')))
    }
  })

  function respond(stream: number, response: Uint8Array): void {
    channel.send(ttrpcMessage(stream, KIND.response, response))
  }

  async function answer(stream: number, { service, method, payload }: Request): Promise<void> {
    try {
      const result = await handle(service, method, payload)
      if (result.length > TTRPC_MAX_BYTES / 2)
        throw new CallError(CODE.failedPrecondition, `an answer of ${result.length} bytes is too long`)
      respond(
        stream,
        writeMessage((writer) => writer.writeBytesField(2, result)),
      )
    } catch (error) {
      respond(stream, failure(error))
    }
  }
}

type Request = { service: string; method: string; payload: Uint8Array }

function readRequest(bytes: Buffer): Request {
  return readMessage<Request>(
    bytes,
    (field, request, reader) => {
      if (field === 1) request.service = reader.readString()
      else if (field === 2) request.method = reader.readString()
      else if (field === 3) request.payload = reader.readBytes()
    },
    { service: '', method: '', payload: new Uint8Array() },
  )
}

type Response = { code: number; message: string; payload: Uint8Array }

function readResponse(bytes: Buffer): Response {
  return readMessage<Response>(
    bytes,
    (field, response, reader) => {
      if (field === 1) reader.readMessage(readStatus, response)
      else if (field === 2) response.payload = reader.readBytes()
    },
    { code: 0, message: '', payload: new Uint8Array() },
  )
}

/** Reads a `google.rpc.Status`. */
function readStatus(
  field: number,
  response: Response,
  reader: { readVarint(): number; readString(): string },
): void {
  if (field === 1) response.code = reader.readVarint()
  else if (field === 2) response.message = reader.readString()
}

function failure(error: unknown): Uint8Array {
  const { code, message } =
    error instanceof CallError
      ? error
      : new CallError(CODE.unknown, 'pushless failed; its log has the reason')
  return writeMessage((writer) =>
    writer.writeMessage(
      1,
      (status, inner) => {
        inner.writeVarintField(1, status.code)
        inner.writeStringField(2, status.message)
      },
      { code, message },
    ),
  )
}
