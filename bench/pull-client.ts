/**
 * Pulls a whole image N times at once, throwing the bytes away: `pull-client.ts URL-OF-REPOSITORY N [zstd]`. With zstd it
 * takes layers as containerd does, and decodes them.
 */
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createZstdDecompress } from 'node:zlib'
import { ACCEPT } from './accept.ts'

const [repository = '', count = '1', encoding = 'identity'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })
const start = performance.now()
const totals = await Promise.all(Array.from({ length: Number(count) }, pull))
const bytes = totals.reduce((sum, total) => sum + total, 0)
const seconds = (performance.now() - start) / 1000
console.log(`${(bytes / 1e9).toFixed(1)} GB in ${seconds.toFixed(1)} s`)
agent.destroy()

async function pull(): Promise<number> {
  const chunks: Buffer[] = []
  for await (const chunk of await request(`${repository}/manifests/nix`)) chunks.push(chunk as Buffer)
  type Descriptor = { readonly digest: string; readonly size: number }
  const { config, layers } = JSON.parse(Buffer.concat(chunks).toString()) as {
    readonly config: Descriptor
    readonly layers: readonly Descriptor[]
  }
  let bytes = 0
  for (const { digest, size } of [config, ...layers]) {
    const response = await request(`${repository}/blobs/${digest}`)
    let got = 0
    const body: Readable =
      response.headers['content-encoding'] === 'zstd' ? response.pipe(createZstdDecompress()) : response
    body.on('data', (chunk: Buffer) => (got += chunk.length))
    await once(body, 'end')
    if (got !== size) throw new Error(`${digest}: ${got} of ${size} bytes`)
    bytes += got
  }
  return bytes
}

async function request(url: string): Promise<IncomingMessage> {
  const [response] = (await once(
    get(url, { agent, headers: { accept: ACCEPT, 'accept-encoding': encoding } }),
    'response',
  )) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode}`)
  return response
}
