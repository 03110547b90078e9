/**
 * Opens connections to a Nix daemon: its unix socket, or the stdin and stdout of a process such as `nix-daemon
 * --stdio` or `ssh HOST nix-daemon --stdio`. This is the one place of the server that starts processes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { explainSystemError, systemCode, systemReason } from '../../core/errors/system-error.ts'
import { NixMissing, neitherFound, notInPath } from '../missing-nix.ts'

export type Duplex = {
  readonly input: Readable
  readonly output: Writable
  /** Facts for an error message when the other side went away, like a process's last words. */
  readonly explain: () => string
  readonly close: () => void
}

export type Transport = {
  /** For people: what is connected to. */
  readonly name: string
  readonly open: () => Promise<Duplex>
}

const DAEMON_SOCKET = '/nix/var/nix/daemon-socket/socket'
export const EMBEDDED_COMMAND = ['nix-daemon', '--stdio'] as const
/** A local socket answers at once or never. */
const CONNECT_TIMEOUT_MS = 5_000
/** Bytes of stderr kept for error messages. */
const STDERR_KEPT = 4_096
/** A daemon told to go that is still there after this is killed. */
const KILL_DELAY_MS = 5_000

export function socketTransport(path: string): Transport {
  return {
    name: `unix:${path}`,
    open: async () => {
      const socket = connect(path)
      // A failure shows in what is read or written; without a listener it would end the process.
      socket.on('error', () => undefined)
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) })
      } catch (error) {
        socket.destroy()
        throw error
      }
      return { input: socket, output: socket, explain: () => '', close: () => socket.destroy() }
    },
  }
}

/** @param environment variables beside those of this process. */
export function processTransport(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Transport {
  const [file = '', ...args] = command
  return {
    name: command.join(' '),
    open: async () => {
      // No time limit here: it lives as long as its connection, which the pool ends when idle. And no execa: the two
      // connections of a start took 36 ms of the processor instead of 13, and its code had to be loaded.
      const child = spawn(file, args, { env: { ...process.env, ...environment } })
      try {
        await once(child, 'spawn')
      } catch (cause) {
        throw notStarted(file, cause)
      }
      // It may belong to another user, as with sudo, and can't be ended then.
      child.on('error', () => undefined)
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined)
      let lastWords = ''
      child.stderr.on('data', (chunk: Buffer) => {
        lastWords = (lastWords + chunk.toString('utf8')).slice(-STDERR_KEPT)
      })
      child.on('exit', (status) => {
        if (status !== 0 && status !== null) lastWords ||= `${file} ended with exit status ${status}`
      })
      return {
        input: child.stdout,
        output: child.stdin,
        explain: () => lastWords.trim(),
        close: () => {
          child.stdin.destroy()
          child.kill()
          setTimeout(() => child.kill('SIGKILL'), KILL_DELAY_MS).unref()
        },
      }
    },
  }
}

/** The daemon's socket while it answers, else an embedded daemon; decided anew for each connection. */
export function autoTransport(
  socket: string = DAEMON_SOCKET,
  command: readonly [string, ...string[]] = EMBEDDED_COMMAND,
): Transport {
  const viaSocket = socketTransport(socket)
  const embedded = processTransport(command)
  return {
    name: `${viaSocket.name} or ${embedded.name}`,
    open: async () => {
      try {
        return await viaSocket.open()
      } catch (cause) {
        return embedded.open().catch((error: unknown) => {
          throw error instanceof NixMissing ? neitherFound(socket, unreached(cause), command[0]) : error
        })
      }
    },
  }
}

/** Why a socket can't be connected to, without advice. */
function unreached(cause: unknown): string {
  return systemReason(cause)?.replace(/;.*/, '') ?? 'no answer in time'
}

function notStarted(program: string, cause: unknown): Error {
  const advice = 'check --nix, or install it'
  if (systemCode(cause) === 'ENOENT') return new NixMissing(`${notInPath(program)}: ${advice}`)
  return new Error(explainSystemError(cause, program) ?? `${program} could not be started`, { cause })
}
