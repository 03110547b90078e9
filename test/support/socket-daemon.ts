/** A Nix daemon behind a unix socket, as a system has it, that can be killed and started again. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import { nixEnv } from './nix.ts'
import type { Scope } from './scope.ts'

/**
 * Each connection gets a `nix-daemon --stdio` of its own.
 * @returns `stop`, which kills all of them at once.
 */
export async function startSocketDaemon(
  scope: Scope,
  path: string,
): Promise<{ readonly stop: () => Promise<void> }> {
  const open = new Set<{ readonly kill: () => void }>()
  const server = createServer((socket) => {
    const daemon = execa('nix-daemon', ['--stdio'], {
      env: nixEnv,
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'ignore',
      buffer: false,
      reject: false,
      encoding: 'buffer',
    })
    const stopped = { kill: () => (daemon.kill('SIGKILL'), socket.destroy()) }
    open.add(stopped)
    socket.on('error', () => undefined).pipe(daemon.stdin.on('error', () => undefined))
    daemon.stdout.pipe(socket)
    socket.on('close', () => daemon.kill())
  })
  server.listen(path)
  await once(server, 'listening')
  const stop = async () => {
    for (const { kill } of open) kill()
    open.clear()
    server.close()
    await setTimeout(50)
  }
  scope.teardown(stop)
  return { stop }
}
