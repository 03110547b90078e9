/** A client that costs little: it drops the bytes, and goes on where a connection broke off, as containerd does. */
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'

const agent = new Agent({ keepAlive: true })
/** A connection that was idle may be closed in the moment that it is used again. */
const ATTEMPTS = 5

/** Downloads a body and returns its length. @throws for any answer but 200 and 206, and for one that breaks off often. */
export async function download(url: string): Promise<number> {
  let bytes = 0
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await request(url, bytes)
      response.on('data', (chunk: Buffer) => (bytes += chunk.length))
      await once(response, 'end')
      return bytes
    } catch (error) {
      const isBroken = error instanceof Error && 'code' in error
      if (!isBroken || attempt === ATTEMPTS) throw error
    }
  }
}

/** Downloads a JSON document. */
export async function downloadJson(url: string): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of await request(url, 0)) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}

async function request(url: string, start: number): Promise<IncomingMessage> {
  const headers = start === 0 ? {} : { range: `bytes=${start}-` }
  const [response] = (await once(get(url, { agent, headers }), 'response')) as [IncomingMessage]
  const { statusCode } = response
  if (statusCode === 200 || statusCode === 206) return response
  throw new Error(`${url}: ${statusCode}`)
}
