/** A binary cache over HTTP that counts what it is asked for. It stands for a bucket. */
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Scope } from '../../test/support/scope.ts'

export type CacheCounts = {
  readonly narinfos: number
  readonly archives: number
  readonly others: number
  /** Bytes of all answers. */
  readonly bytes: number
}

export type CountedCache = {
  readonly url: string
  /** Returns the requests since the last call. */
  readonly take: () => CacheCounts
}

const NONE: CacheCounts = { narinfos: 0, archives: 0, others: 0, bytes: 0 }

/** @param directory as `nix copy --to file://…` writes it. */
export async function countedCache(scope: Scope, directory: string): Promise<CountedCache> {
  let counts = NONE
  const answer = async (url: string, response: ServerResponse): Promise<void> => {
    const kind = url.endsWith('.narinfo') ? 'narinfos' : url.startsWith('/nar/') ? 'archives' : 'others'
    counts = { ...counts, [kind]: counts[kind] + 1 }
    const file = join(directory, url)
    const found = await stat(file).catch(() => undefined)
    if (found === undefined) return void response.writeHead(404).end()
    counts = { ...counts, bytes: counts.bytes + found.size }
    response.writeHead(200, { 'content-length': found.size })
    await pipeline(createReadStream(file), response).catch(() => response.destroy())
  }
  const server = createServer((request, response) => void answer(request.url ?? '', response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const take = (): CacheCounts => {
    const taken = counts
    counts = NONE
    return taken
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, take }
}
