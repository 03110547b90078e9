/**
 * Several connections over one socket, as NRI has them: each frame begins with the number of its connection and the
 * length of its payload, both in four bytes, the highest first. A connection is a stream of bytes again.
 */
import type { Socket } from 'node:net'
import { FrameParser } from './frame-parser.ts'
import { TTRPC_HEADER_BYTES, TTRPC_MAX_BYTES } from './ttrpc-frame.ts'

/** The peer takes no larger frame (nri, `pkg/net/multiplex`). */
const MAX_PAYLOAD_BYTES = TTRPC_HEADER_BYTES + TTRPC_MAX_BYTES
const HEADER_BYTES = 8
/**
 * The peer reads the header of a message with a buffer of this size, and fails for a longer frame. The rest of the
 * message is read with a buffer of its own, so it may be one frame.
 */
const FIRST_FRAME_BYTES = 4096

/** One connection of several. */
export type Channel = {
  /** Sends one message of ttrpc. */
  readonly send: (message: Buffer) => void
}

export class Multiplexer {
  readonly #socket: Socket
  readonly #parser = new FrameParser({
    headerBytes: HEADER_BYTES,
    lengthOf: (header) => header.readUInt32BE(4),
    maxBytes: MAX_PAYLOAD_BYTES,
  })
  readonly #receivers = new Map<number, (bytes: Buffer) => void>()

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const { header, payload } of this.#parser.push(chunk))
          this.#receivers.get(header.readUInt32BE(0))?.(payload)
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
  }

  /** Opens a connection. @param receive gets its bytes; an error that it throws ends the socket. */
  open(id: number, receive: (bytes: Buffer) => void): Channel {
    this.#receivers.set(id, receive)
    return {
      send: (message) => {
        if (!this.#socket.writable) return
        for (const part of [message.subarray(0, FIRST_FRAME_BYTES), message.subarray(FIRST_FRAME_BYTES)])
          if (part.length > 0) this.#sendFrame(id, part)
      },
    }
  }

  #sendFrame(id: number, payload: Buffer): void {
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUInt32BE(id, 0)
    header.writeUInt32BE(payload.length, 4)
    this.#socket.cork()
    this.#socket.write(header)
    this.#socket.write(payload)
    this.#socket.uncork()
  }
}
