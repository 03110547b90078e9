/** Both ends of a `nix copy`: a Nix with a store of its own, and a registry's cache that counts what it is sent. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { execa } from 'execa'
import { chrootNix } from '../support/chroot-nix.ts'
import { nixEnv } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { temporaryDirectory } from '../support/scope.ts'

export const TOKEN = `token-${process.pid}-of-the-tests`
export const NETRC = `machine 127.0.0.1\nlogin pushless\npassword ${TOKEN}\n`

/** A Nix whose store the registry's knows nothing of. */
export type Client = {
  /** A store that isn't below its own root can't run builders here. */
  readonly canBuild: boolean
  /** Runs a Nix command about its own store. */
  readonly nix: (...args: readonly string[]) => Promise<string>
  readonly addFile: (name: string, content: string) => Promise<string>
  readonly ownStore: string
}

/** The machine's Nix. */
export async function machineClient(t: Test): Promise<Client> {
  const directory = await temporaryDirectory(t, 'client')
  const env = { ...nixEnv, XDG_CACHE_HOME: join(directory, 'cache') }
  return {
    canBuild: false,
    ownStore: `local?root=${join(directory, 'store')}`,
    nix: async (command = '', ...args) => (await execa(command, args, { env, timeout: 60_000 })).stdout,
    addFile: async (name, content) => {
      await writeFile(join(directory, name), content)
      return join(directory, name)
    },
  }
}

/** That of a later Debian. */
export async function chrootClient(t: Test): Promise<Client> {
  const chroot = await chrootNix(t)
  return {
    canBuild: true,
    ownStore: 'local',
    nix: (...args) => chroot.run(['env', 'XDG_CACHE_HOME=/nix/cache', ...args]),
    addFile: (name, content) => chroot.addFile(name, content),
  }
}

/** A registry with a token, whose cache is spoken to by way of a counter. */
export async function startCache(t: Test, args: readonly string[]) {
  const tokenFile = join(await temporaryDirectory(t, 'token'), 'token')
  await writeFile(tokenFile, TOKEN)
  const server = await startPushless(t, { args: [...args, '--token-file', tokenFile] })
  let bytes = 0
  const counter = createServer((client) => {
    const upstream = connect(server.port, '127.0.0.1')
    client.on('data', (chunk: Buffer) => (bytes += chunk.length))
    client.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => client.destroy()).pipe(client)
  })
  counter.listen(0, '127.0.0.1')
  await once(counter, 'listening')
  t.teardown(() => void counter.close())
  const address = counter.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { server, url: `http://127.0.0.1:${port}/nix-cache`, received: () => bytes }
}
