/**
 * One connection to a runtime's NRI (Node Resource Interface): registers a plugin, and answers the runtime's calls until
 * the connection ends. A call that fails is answered as failed; a frame that makes no sense ends the connection.
 */
import { connect, type Socket } from 'node:net'
import { Multiplexer } from './multiplexer.ts'
import {
  EVENT,
  adjustment,
  configuration,
  readConfigure,
  readContainerEvent,
  readStateChange,
  readSynchronize,
  registration,
  synchronized,
  type Mount,
  type NriContainer,
  type NriPod,
  type RuntimeFacts,
} from './plugin-messages.ts'
import { CODE, CallError, TtrpcClient, serveTtrpc } from './ttrpc.ts'

/** Answers the events of a runtime. What they throw as a `CallError` is told to the runtime, which shows it. */
export type NriPlugin = {
  /** Gets all containers that there are, also those that ended. New ones are created only after it is done. */
  readonly synchronize: (containers: readonly NriContainer[]) => Promise<void>
  /** Returns the mounts that a new container gets. A container is refused by a `CallError`. */
  readonly createContainer: (container: NriContainer, pod: NriPod) => Promise<readonly Mount[]>
  readonly removeContainer: (id: string) => Promise<void>
  readonly removePod: (id: string) => Promise<void>
}

export type ConnectionListeners = {
  /** Hears that the runtime calls the plugin from now on. Containers that it made before had no plugin. */
  readonly onRegistered: (runtime: RuntimeFacts) => void
  /** Hears how long each call took. */
  readonly onCall?: (method: string, milliseconds: number, error: unknown) => void
}

/** The name in the runtime's log. */
const NAME = 'pushless'
/** Plugins are called in this order. What other plugins do to mounts, they do before. */
const INDEX = '90'
const PLUGIN_SERVICE = 'nri.pkg.api.v1alpha1.Plugin'
const RUNTIME_SERVICE = 'nri.pkg.api.v1alpha1.Runtime'
/** Numbers of the two connections (nri, `pkg/net/multiplex`). */
const PLUGIN_CHANNEL = 1
const RUNTIME_CHANNEL = 2
const EMPTY = new Uint8Array()

/**
 * Connects and serves until the connection ends.
 * @throws Error where nothing listens, or for a connection that broke; ends without one if the runtime closed it.
 */
export async function servePlugin(
  path: string,
  plugin: NriPlugin,
  { onRegistered, onCall = () => undefined }: ConnectionListeners,
  signal: AbortSignal,
): Promise<void> {
  const socket = connect(path)
  const end = () => socket.destroy()
  signal.addEventListener('abort', end)
  try {
    const ended = endOf(socket)
    const multiplexer = new Multiplexer(socket)
    const calls = callsOf(plugin, onRegistered)
    serveTtrpc(
      (receive) => multiplexer.open(PLUGIN_CHANNEL, receive),
      async (service, method, payload) => {
        const start = performance.now()
        const call = service === PLUGIN_SERVICE ? calls[method] : undefined
        // The runtime then sends the event in its older form.
        if (call === undefined)
          throw new CallError(CODE.unimplemented, `${service}/${method} is unknown here`)
        try {
          const result = await call(payload)
          onCall(method, performance.now() - start, undefined)
          return result
        } catch (error) {
          onCall(method, performance.now() - start, error)
          throw error
        }
      },
    )
    const runtime = new TtrpcClient((receive) => multiplexer.open(RUNTIME_CHANNEL, receive))
    const registered = runtime.call(RUNTIME_SERVICE, 'RegisterPlugin', registration(NAME, INDEX))
    registered.catch(end)
    await ended.finally(() => runtime.close())
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

async function endOf(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  socket.on('error', reject)
  socket.on('close', () => resolve(undefined))
  await promise
}

type Call = (payload: Uint8Array) => Promise<Uint8Array>

function callsOf(
  plugin: NriPlugin,
  onRegistered: (runtime: RuntimeFacts) => void,
): Readonly<Record<string, Call>> {
  /** Parts of a list that is too long for one message. */
  const known: NriContainer[] = []
  let runtime: RuntimeFacts | undefined
  return {
    Configure: async (payload) => {
      runtime = readConfigure(payload)
      return configuration(Object.values(EVENT))
    },
    Synchronize: async (payload) => {
      const { containers, more } = readSynchronize(payload)
      known.push(...containers)
      if (!more) {
        await plugin.synchronize(known.splice(0))
        if (runtime !== undefined) onRegistered(runtime)
      }
      return synchronized(more)
    },
    CreateContainer: async (payload) => {
      const { container, pod } = readContainerEvent(payload)
      if (container === undefined || pod === undefined) return EMPTY
      return adjustment(await plugin.createContainer(container, pod))
    },
    RemoveContainer: async (payload) => {
      const { container } = readContainerEvent(payload)
      if (container !== undefined) await plugin.removeContainer(container.id)
      return EMPTY
    },
    RemovePodSandbox: async (payload) => {
      const { pod } = readContainerEvent(payload)
      if (pod !== undefined) await plugin.removePod(pod.id)
      return EMPTY
    },
    // The form of events in older runtimes.
    StateChange: async (payload) => {
      const { event, container, pod } = readStateChange(payload)
      if (event === EVENT.removeContainer && container !== undefined)
        await plugin.removeContainer(container.id)
      else if (event === EVENT.removePod && pod !== undefined) await plugin.removePod(pod.id)
      return EMPTY
    },
    Shutdown: async () => EMPTY,
  }
}
