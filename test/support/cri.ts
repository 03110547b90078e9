/**
 * The call by which kubelet pulls: `PullImage` of the Container Runtime Interface (kubernetes/cri-api, runtime.v1), by
 * gRPC over the runtime's unix socket. Not `crictl`, since no Debian has a package of it; and what it would print is
 * this call's error, which is also what kubelet puts into a Pod's events. Of gRPC here is what one call needs:
 * a message is a length and a protobuf, a result is the trailer `grpc-status`. Pods and containers are in
 * cri-containers.ts.
 */
import { connect, type IncomingHttpHeaders } from 'node:http2'
import { createConnection } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type Pulled =
  | { readonly kind: 'pulled'; /** The digest of its config. */ readonly imageId: string }
  | { readonly kind: 'failed'; /** As in a Pod's events. */ readonly message: string }

/** kubelet sets no limit; a test must end. */
const PULL_LIMIT_MS = 300_000
const ASK_LIMIT_MS = 10_000

/** @throws where the runtime can't be spoken to at all */
export async function pullImage(socket: string, image: string): Promise<Pulled> {
  // PullImageRequest { ImageSpec image = 1 { string image = 1 } }
  const request = protobufField(protobufField(Buffer.from(image)))
  const { status, message, body } = await callCri(socket, 'ImageService/PullImage', request, PULL_LIMIT_MS)
  if (status !== '0') return { kind: 'failed', message }
  const imageId = /sha256:[0-9a-f]{64}/.exec(body.toString('latin1'))?.[0]
  if (imageId === undefined) throw new Error(`PullImage gave no image: ${body.toString('hex')}`)
  return { kind: 'pulled', imageId }
}

/** Whether the runtime answers yet: it listens before it does. */
export async function answersCri(socket: string): Promise<boolean> {
  const asked = callCri(socket, 'ImageService/ListImages', Buffer.alloc(0), ASK_LIMIT_MS)
  return asked.then(
    ({ status }) => status === '0',
    () => false,
  )
}

export type Answer = { readonly status: string; readonly message: string; readonly body: Buffer }

/** @param method `ImageService/PullImage` and the like. @throws where the runtime can't be spoken to at all */
export async function callCri(
  socket: string,
  method: string,
  request: Uint8Array,
  limitMs: number,
): Promise<Answer> {
  const session = connect('http://localhost', { createConnection: () => createConnection(socket) })
  // The stream fails with it, and is waited for.
  session.on('error', () => undefined)
  try {
    const stream = session.request(
      {
        ':method': 'POST',
        ':path': `/runtime.v1.${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      },
      { signal: AbortSignal.timeout(limitMs) },
    )
    // Without a body, the status is in the headers.
    const headers: IncomingHttpHeaders = {}
    stream.on('response', (first) => Object.assign(headers, first))
    stream.on('trailers', (last) => Object.assign(headers, last))
    stream.end(Buffer.concat([Buffer.from([0]), uint32(request.length), request]))
    const body = await buffer(stream)
    const { 'grpc-status': status, 'grpc-message': message } = headers
    if (typeof status !== 'string') throw new Error(`${method}: no grpc-status in ${JSON.stringify(headers)}`)
    return { status, message: decodeURIComponent(String(message ?? '')), body: body.subarray(5) }
  } finally {
    session.close()
  }
}

/** Field 1, of wire type 2 (bytes): https://protobuf.dev/programming-guides/encoding/ */
function protobufField(bytes: Buffer): Buffer {
  const length: number[] = []
  let rest = bytes.length
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80)
  return Buffer.concat([Buffer.from([0x0a, ...length, rest]), bytes])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
