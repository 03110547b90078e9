/**
 * A message of ttrpc: length, stream, kind and flags in ten bytes, and a protobuf. Source: containerd/ttrpc, PROTOCOL.md.
 */
import type { FrameFormat } from './frame-parser.ts'

export const TTRPC_HEADER_BYTES = 10
export const TTRPC_MAX_BYTES = 4 * 1024 * 1024

export const KIND = { request: 1, response: 2, data: 3 } as const
/** A flag of requests: more of the request follows. */
export const REMOTE_OPEN = 2

export const TTRPC_FORMAT: FrameFormat = {
  headerBytes: TTRPC_HEADER_BYTES,
  lengthOf: (header) => header.readUInt32BE(0),
  maxBytes: TTRPC_MAX_BYTES,
}

export type TtrpcHeader = { readonly stream: number; readonly kind: number; readonly flags: number }

export function readTtrpcHeader(header: Buffer): TtrpcHeader {
  return { stream: header.readUInt32BE(4), kind: header.readUInt8(8), flags: header.readUInt8(9) }
}

export function ttrpcMessage(stream: number, kind: number, body: Uint8Array): Buffer {
  const message = Buffer.alloc(TTRPC_HEADER_BYTES + body.length)
  message.writeUInt32BE(body.length, 0)
  message.writeUInt32BE(stream, 4)
  message.writeUInt8(kind, 8)
  message.set(body, TTRPC_HEADER_BYTES)
  return message
}
