/**
 * The messages between a container runtime and its plugins, as far as they are needed here. Source: containerd/nri,
 * `pkg/api/api.proto`. Fields that aren't read are passed over, so newer runtimes may send more.
 */
import type { PbfReader } from 'pbf'
import { readMapEntry, readMessage, writeMessage, type FieldReader } from './protobuf.ts'

/** Numbers of `Event`. Subscribed to by a bit each, the first event being the lowest bit. */
export const EVENT = { removePod: 3, createContainer: 4, removeContainer: 11 } as const

export type NriPod = { id: string; name: string; namespace: string }

export type NriContainer = {
  id: string
  pod: string
  name: string
  labels: Map<string, string>
  annotations: Map<string, string>
  /** The digests of its image: of the index or manifest, and of the config. Runtimes with NRI before 0.12.3 send none. */
  imageDigests: string[]
}

export type Mount = {
  readonly destination: string
  readonly type: 'bind' | 'tmpfs'
  readonly source: string
  readonly options: readonly string[]
}

/** A runtime's description of itself. */
export type RuntimeFacts = { name: string; version: string; nri: string }

export type ContainerEvent = { pod: NriPod | undefined; container: NriContainer | undefined }
export type StateChange = ContainerEvent & { event: number }
export type SynchronizePart = { pods: NriPod[]; containers: NriContainer[]; more: boolean }

export function registration(name: string, index: string): Uint8Array {
  return writeMessage((writer) => {
    writer.writeStringField(1, name)
    writer.writeStringField(2, index)
  })
}

export function readConfigure(bytes: Uint8Array): RuntimeFacts {
  return readMessage<RuntimeFacts>(
    bytes,
    (field, facts, reader) => {
      if (field === 2) facts.name = reader.readString()
      else if (field === 3) facts.version = reader.readString()
      else if (field === 6) facts.nri = reader.readString()
    },
    { name: '', version: '', nri: '' },
  )
}

/** Subscribes to these events. */
export function configuration(events: readonly number[]): Uint8Array {
  const mask = events.reduce((bits, event) => bits | (1 << (event - 1)), 0)
  return writeMessage((writer) => writer.writeVarintField(2, mask))
}

export function readSynchronize(bytes: Uint8Array): SynchronizePart {
  return readMessage<SynchronizePart>(
    bytes,
    (field, part, reader) => {
      if (field === 1) part.pods.push(readPod(reader))
      else if (field === 2) part.containers.push(readContainer(reader))
      else if (field === 3) part.more = reader.readBoolean()
    },
    { pods: [], containers: [], more: false },
  )
}

/** @param more as in the request: the runtime may send the rest. */
export function synchronized(more: boolean): Uint8Array {
  return writeMessage((writer) => writer.writeBooleanField(2, more))
}

/** Reads the request of an event about a container or a Pod. */
export function readContainerEvent(bytes: Uint8Array): ContainerEvent {
  return readMessage<ContainerEvent>(bytes, (field, event, reader) => readEventField(field, event, reader), {
    pod: undefined,
    container: undefined,
  })
}

export function readStateChange(bytes: Uint8Array): StateChange {
  return readMessage<StateChange>(
    bytes,
    (field, change, reader) => {
      if (field === 1) change.event = reader.readVarint()
      else readEventField(field - 1, change, reader)
    },
    { event: 0, pod: undefined, container: undefined },
  )
}

/** The answer to the creation of a container: these mounts are added to it. */
export function adjustment(mounts: readonly Mount[]): Uint8Array {
  if (mounts.length === 0) return new Uint8Array()
  return writeMessage((writer) =>
    writer.writeMessage(
      1,
      (all, adjust) => {
        for (const mount of all)
          adjust.writeMessage(
            3,
            ({ destination, type, source, options }, inner) => {
              inner.writeStringField(1, destination)
              inner.writeStringField(2, type)
              inner.writeStringField(3, source)
              for (const option of options) inner.writeStringField(4, option)
            },
            mount,
          )
      },
      mounts,
    ),
  )
}

function readEventField(field: number, event: ContainerEvent, reader: PbfReader): void {
  if (field === 1) event.pod = readPod(reader)
  else if (field === 2) event.container = readContainer(reader)
}

function readPod(reader: PbfReader): NriPod {
  return reader.readMessage<NriPod>(readPodField, { id: '', name: '', namespace: '' })
}

const readPodField: FieldReader<NriPod> = (field, pod, reader) => {
  if (field === 1) pod.id = reader.readString()
  else if (field === 2) pod.name = reader.readString()
  else if (field === 4) pod.namespace = reader.readString()
}

function readContainer(reader: PbfReader): NriContainer {
  return reader.readMessage<NriContainer>(readContainerField, {
    id: '',
    pod: '',
    name: '',
    labels: new Map(),
    annotations: new Map(),
    imageDigests: [],
  })
}

const readContainerField: FieldReader<NriContainer> = (field, container, reader) => {
  switch (field) {
    case 1:
      container.id = reader.readString()
      break
    case 2:
      container.pod = reader.readString()
      break
    case 3:
      container.name = reader.readString()
      break
    case 5:
      readMapEntry(reader, container.labels)
      break
    case 6:
      readMapEntry(reader, container.annotations)
      break
    case 22:
      reader.readMessage(readImageField, container)
      break
    default:
  }
}

const readImageField: FieldReader<NriContainer> = (field, container, reader) => {
  if (field === 2 || field === 3) container.imageDigests.push(reader.readString())
}
