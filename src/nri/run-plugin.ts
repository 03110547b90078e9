/**
 * Keeps a plugin registered with the runtime of this machine: connects again whenever the connection ends, since the
 * runtime is restarted, updated, or drops a plugin that was late.
 */
import { setTimeout } from 'node:timers/promises'
import { servePlugin, type ConnectionListeners, type NriPlugin } from './plugin-connection.ts'

export type PluginListeners = ConnectionListeners & {
  /** Hears that a connection ended, and why. It is tried again in so many milliseconds. */
  readonly onLost: (error: unknown, retryMs: number) => void
}

export type RunningPlugin = {
  readonly close: () => Promise<void>
}

type PluginPatience = {
  /** How long a runtime may take to accept the plugin at first. */
  readonly startMs: number
  /** The time to the first try after a connection ended. It doubles with each further one. */
  readonly retryMs: number
  readonly maxRetryMs: number
}

/** A runtime that is restarted listens again within a second. It may be starting just when the server does. */
const PATIENCE: PluginPatience = { startMs: 5_000, retryMs: 100, maxRetryMs: 5_000 }
/** A connection that held for so long was a good one. */
const STEADY_MS = 10_000

/**
 * Registers the plugin, and keeps it registered.
 * @throws Error where the runtime doesn't take it at first.
 */
export async function runPlugin(
  path: string,
  plugin: NriPlugin,
  listeners: PluginListeners,
  patience = PATIENCE,
): Promise<RunningPlugin> {
  const controller = new AbortController()
  const { signal } = controller
  const registered = Promise.withResolvers<undefined>()
  let lastError: unknown
  const running = keepServing(
    path,
    plugin,
    {
      ...listeners,
      onRegistered: (runtime) => {
        registered.resolve(undefined)
        listeners.onRegistered(runtime)
      },
      onLost: (error, retryMs) => {
        lastError = error
        listeners.onLost(error, retryMs)
      },
    },
    patience,
    signal,
  )
  const close = async () => {
    controller.abort()
    await running
  }
  const timer = new AbortController()
  const inTime = await Promise.race([
    registered.promise.then(() => true),
    setTimeout(patience.startMs, false, { signal: timer.signal }).catch(() => false),
  ])
  timer.abort()
  if (inTime) return { close }
  await close()
  throw lastError instanceof Error ? lastError : new Error('it accepts connections, and does not answer')
}

async function keepServing(
  path: string,
  plugin: NriPlugin,
  listeners: PluginListeners,
  patience: PluginPatience,
  signal: AbortSignal,
): Promise<void> {
  let { retryMs } = patience
  while (!signal.aborted) {
    const start = performance.now()
    const error = await servePlugin(path, plugin, listeners, signal).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (signal.aborted) return
    if (performance.now() - start > STEADY_MS) retryMs = patience.retryMs
    listeners.onLost(error, retryMs)
    await setTimeout(retryMs, undefined, { signal }).catch(() => undefined)
    retryMs = Math.min(patience.maxRetryMs, retryMs * 2)
  }
}
