/** Answers clients that speak HTTP without TLS to the port of TLS. Otherwise they would see a broken connection. */
import type { Socket } from 'node:net'

/** Long enough for a client to read the answer, and to close. */
const LINGER_MS = 2_000
const TEXT = 'This port speaks HTTPS: write https:// instead of http://\n'
const ANSWER = `HTTP/1.1 400 this port speaks HTTPS\r
Content-Type: text/plain; charset=utf-8\r
Content-Length: ${TEXT.length}\r
Connection: close\r
\r
${TEXT}`

/** Whether a connection begins with the method of a request. TLS begins with a record's type, 0x16. */
export function isPlainHttp(firstByte: number): boolean {
  return firstByte >= 0x41 && firstByte <= 0x5a
}

export function answerPlainHttp(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
  // What is unread when a connection closes makes the kernel take the answer back.
  socket.resume()
  socket.end(ANSWER)
}
