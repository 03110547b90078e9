/** A plugin registers, answers, comes back when the runtime does, and no bytes of the runtime end the process. */
import { join } from 'node:path'
import t from 'tap'
import { PbfReader, PbfWriter } from 'pbf'
import { runPlugin, type PluginListeners } from '../../src/nri/run-plugin.ts'
import type { NriPlugin } from '../../src/nri/plugin-connection.ts'
import type { Mount, NriContainer } from '../../src/nri/plugin-messages.ts'
import { CODE, CallError } from '../../src/nri/ttrpc.ts'
import { seededRandom } from '../seeded-random.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'
import { fakeRuntime, frame } from './fake-runtime.ts'

const PATIENCE = { startMs: 5_000, retryMs: 1, maxRetryMs: 5 }

type Known = { synchronized: NriContainer[]; removed: string[]; lost: unknown[]; registered: unknown[] }

async function runningPlugin(scope: Scope, create: NriPlugin['createContainer'] = async () => []) {
  const path = join(await temporaryDirectory(scope, 'nri'), 'nri.sock')
  const runtime = await fakeRuntime(scope, path)
  const known: Known = { synchronized: [], removed: [], lost: [], registered: [] }
  const plugin: NriPlugin = {
    synchronize: async (containers) => void known.synchronized.push(...containers),
    createContainer: create,
    removeContainer: async (id) => void known.removed.push(id),
    removePod: async (id) => void known.removed.push(`pod ${id}`),
  }
  const listeners: PluginListeners = {
    onRegistered: (facts) => known.registered.push(facts),
    onLost: (error) => known.lost.push(error),
  }
  const running = runPlugin(path, plugin, listeners, PATIENCE)
  const peer = await runtime.next()
  const configured = await peer.call(
    'Configure',
    message((writer) => writer.writeStringField(2, 'containerd')),
  )
  // The runtime makes containers without it until it has told which there are.
  const before = known.registered.length
  await peer.call('Synchronize')
  const { close } = await running
  scope.teardown(close)
  return { runtime, peer, known, before, configured, path, plugin, listeners }
}

function message(write: (writer: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter()
  write(writer)
  return writer.finish()
}

/** The request of an event about a container. */
function event(id: string, annotations: Readonly<Record<string, string>> = {}): Uint8Array {
  return message((writer) => {
    writer.writeBytesField(
      1,
      message((pod) => pod.writeStringField(1, 'the-pod')),
    )
    writer.writeBytesField(2, container(id, annotations))
  })
}

function container(id: string, annotations: Readonly<Record<string, string>> = {}): Uint8Array {
  return message((writer) => {
    writer.writeStringField(1, id)
    for (const [key, value] of Object.entries(annotations))
      writer.writeBytesField(
        6,
        message((entry) => {
          entry.writeStringField(1, key)
          entry.writeStringField(2, value)
        }),
      )
    // What newer runtimes send: a field that nobody knows, and the image.
    writer.writeStringField(99, 'unknown')
    writer.writeBytesField(
      22,
      message((image) => image.writeStringField(2, 'sha256:1')),
    )
  })
}

void t.test('registers for events of containers', async (t) => {
  const { configured, before, known } = await runningPlugin(t)
  t.match(configured, { code: 0 })
  t.equal(before, 0)
  t.match(known.registered, [{ name: 'containerd' }])
  // RemovePodSandbox, CreateContainer and RemoveContainer: bits 3, 4 and 11 of the event's numbers.
  t.same(
    Buffer.from(configured.payload),
    Buffer.from(message((writer) => writer.writeVarintField(2, 0b100_0000_1100))),
  )
})

void t.test('answers with mounts, many of them, too', async (t) => {
  const mounts: Mount[] = Array.from({ length: 2000 }, (_, i) => ({
    destination: `/nix/store/${'x'.repeat(40)}-${i}`,
    type: 'bind',
    source: `/elsewhere/${i}`,
    options: ['rbind', 'ro'],
  }))
  const seen: NriContainer[] = []
  const { peer } = await runningPlugin(t, async (found) => {
    seen.push(found)
    return mounts
  })
  const { code, payload } = await peer.call('CreateContainer', event('c1', { name: 'x' }))
  t.equal(code, 0)
  t.match(seen, [{ id: 'c1', imageDigests: ['sha256:1'] }])
  t.equal(seen[0]?.annotations.get('name'), 'x')
  const answered: string[] = []
  new PbfReader(payload).readFields((field, _none, reader) => {
    if (field !== 1) return
    reader.readMessage((inner) => {
      if (inner !== 3) return
      reader.readMessage((part) => {
        if (part === 1) answered.push(reader.readString())
      }, undefined)
    }, undefined)
  }, undefined)
  t.same(
    answered,
    mounts.map(({ destination }) => destination),
  )
})

void t.test('tells the runtime why a container is refused, and hides what broke', async (t) => {
  const errors = [new CallError(CODE.failedPrecondition, 'its closure is gone'), new Error('/secret/path')]
  const { peer } = await runningPlugin(t, async () => {
    throw errors.shift() ?? new Error('more')
  })
  t.match(await peer.call('CreateContainer', event('c')), { code: 9, message: 'its closure is gone' })
  t.match(await peer.call('CreateContainer', event('c')), { code: 2, message: /^pushless failed/ })
  t.match(await peer.call('Unheard'), { code: 12 })
})

void t.test('joins the parts of a long list, and knows the older form of events', async (t) => {
  const { peer, known } = await runningPlugin(t)
  const part = (id: string, more: boolean) =>
    message((writer) => {
      writer.writeBytesField(2, container(id))
      writer.writeBooleanField(3, more)
    })
  const first = await peer.call('Synchronize', part('a', true))
  t.same(Buffer.from(first.payload), Buffer.from(message((writer) => writer.writeBooleanField(2, true))))
  t.same(known.synchronized, [])
  await peer.call('Synchronize', part('b', false))
  t.match(known.synchronized, [{ id: 'a' }, { id: 'b' }])

  await peer.call('RemoveContainer', event('a'))
  await peer.call('RemovePodSandbox', event('a'))
  const change = (number: number) =>
    message((writer) => {
      writer.writeVarintField(1, number)
      writer.writeBytesField(
        2,
        message((pod) => pod.writeStringField(1, 'p')),
      )
      writer.writeBytesField(3, container('b'))
    })
  for (const number of [11, 3, 5]) await peer.call('StateChange', change(number))
  await peer.call('Shutdown')
  t.same(known.removed, ['a', 'pod the-pod', 'b', 'pod p'])
})

void t.test('comes back after broken frames, and answers then', async (t) => {
  const { runtime, peer, known } = await runningPlugin(t)
  const { below } = seededRandom(1)
  const random = (length: number) => Buffer.from(Array.from({ length }, () => below(256)))
  const huge = Buffer.from([0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff])
  const broken: (() => Buffer)[] = [
    () => huge,
    () => frame(1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1, 0])),
    () => frame(1, ttrpcRequest(2, Buffer.alloc(0))),
    () => frame(1, ttrpcRequest(1, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]))),
    ...Array.from({ length: 20 }, () => () => Buffer.concat([huge.subarray(0, 4), random(300)])),
  ]
  let current = peer
  for (const bytes of broken) {
    current.socket.write(bytes())
    // What looks like the beginning of a long frame ends with the runtime.
    current.socket.end()
    await current.ended
    current = await runtime.next()
  }
  t.equal(known.lost.length, broken.length)
  t.match(await current.call('CreateContainer', event('c')), { code: 0 })
  t.match(await current.call('CreateContainer', random(200)), { code: 2 })
  t.match(
    await current.call('CreateContainer', event('c')),
    { code: 0 },
    'a body that is no protobuf is answered',
  )
})

void t.test('says so where nothing answers', async (t) => {
  const { path, plugin, listeners, runtime } = await runningPlugin(t)
  await runtime.close()
  await t.rejects(runPlugin(`${path}-absent`, plugin, listeners, { ...PATIENCE, startMs: 100 }), {
    code: 'ENOENT',
  })
})

function ttrpcRequest(stream: number, body: Buffer): Buffer {
  const header = Buffer.alloc(10)
  header.writeUInt32BE(body.length, 0)
  header.writeUInt32BE(stream, 4)
  header.writeUInt8(1, 8)
  return Buffer.concat([header, body])
}
