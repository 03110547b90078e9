/** A binary cache over HTTP that can be told to misbehave, as real ones do: per request, at any moment. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Scope } from './scope.ts'

/** Answers in the cache's place, given what it would have sent; says nothing for a request that it leaves alone. */
export type Fault = (file: CachedFile, response: ServerResponse) => void | 'as usual'
export type CachedFile = {
  /** Like `/nix-cache-info`, `/<hash>.narinfo`, `/nar/<hash>.nar.xz`. */
  readonly url: string
  readonly bytes: Buffer
}

export interface BinaryCache {
  readonly url: string
  /** How requests are answered from now on; with nothing given, as by a cache that is well. */
  misbehave(fault?: Fault): void
  /** Its port answers nobody from then on. */
  close(): void
  /** Connections that are open now. */
  connections(): Promise<number>
}

/** @param directory as `nix copy --to file://…` writes it. */
export async function serveCache(scope: Scope, directory: string, fault?: Fault): Promise<BinaryCache> {
  let current = fault
  const answer = async (url: string, response: ServerResponse): Promise<void> => {
    const bytes = await readFile(join(directory, url)).catch(() => undefined)
    if (bytes === undefined) response.writeHead(404).end()
    else if (current === undefined || current({ url, bytes }, response) === 'as usual') response.end(bytes)
  }
  const server = createServer((request, response) => void answer(request.url ?? '', response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  scope.teardown(close)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close,
    misbehave: (next) => (current = next),
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
  }
}
