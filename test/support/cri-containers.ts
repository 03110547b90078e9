/** Pods and containers through CRI (kubernetes/cri-api, runtime.v1), as kubelet makes them. Pods are of the host's network. */
import { PbfReader, PbfWriter } from 'pbf'
import { setTimeout } from 'node:timers/promises'
import { callCri, type Answer } from './cri.ts'
import type { Scope } from './scope.ts'

type ContainerWanted = {
  readonly image: string
  /** In place of the image's own command. */
  readonly command?: readonly string[]
  readonly readOnly?: boolean
}

type PodWanted = {
  /** User namespaces: the first id on this machine of 65536. Such a Pod has a network of its own. */
  readonly firstUser?: number
}

type Status = {
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  readonly exitCode: number
}
type Output = { readonly stdout: string; readonly exitCode: number }

/** The runtime refused; the message is what a Pod's events show. */
export class CriError extends Error {}

export interface CriPods {
  /** @returns the id of a Pod's sandbox, which is removed with the scope. */
  run(pod?: PodWanted): Promise<string>
  /** @returns the id of the container. @throws CriError */
  create(pod: string, wanted: ContainerWanted): Promise<string>
  start(container: string): Promise<void>
  status(container: string): Promise<Status>
  /** The process id on this machine of a container that runs. */
  pid(container: string): Promise<number>
  /** Waits until it ended. */
  ended(container: string): Promise<Status>
  /** Runs a command in a container that runs. */
  exec(container: string, command: readonly string[]): Promise<Output>
  remove(container: string): Promise<void>
  removePod(pod: string): Promise<void>
  removeImage(image: string): Promise<void>
}

const LIMIT_MS = 60_000
const STATES = ['created', 'running', 'exited', 'unknown'] as const
/** NamespaceMode. */
const POD_NAMESPACE = 0
const NODE_NAMESPACE = 2
const USERS = 65_536

let pods = 0

export function criPods(scope: Scope, socket: string): CriPods {
  const configs = new Map<string, Uint8Array>()
  const namespaces = new Map<string, Uint8Array>()
  let containers = 0
  const ask = async (method: string, write: (writer: PbfWriter) => void): Promise<PbfReader> => {
    const writer = new PbfWriter()
    write(writer)
    return new PbfReader(body(await callCri(socket, `RuntimeService/${method}`, writer.finish(), LIMIT_MS)))
  }
  const status = async (container: string): Promise<Status> => {
    const reader = await ask('ContainerStatus', byId(container))
    const found = { state: 0, exitCode: 0 }
    reader.readFields((field) => {
      if (field !== 1) return
      reader.readMessage((inner) => {
        if (inner === 3) found.state = reader.readVarint()
        else if (inner === 7) found.exitCode = reader.readVarint(true)
      }, undefined)
    }, undefined)
    return { state: STATES[found.state] ?? 'unknown', exitCode: found.exitCode }
  }
  const removePod = async (pod: string) => {
    await ask('StopPodSandbox', byId(pod))
    await ask('RemovePodSandbox', byId(pod))
    configs.delete(pod)
  }
  scope.teardown(async () => {
    for (const pod of configs.keys()) await removePod(pod).catch(() => undefined)
  })
  return {
    async run(wanted = {}) {
      const own = namespacesOf(wanted)
      const config = podConfig(`pod-${process.pid}-${pods++}`, own)
      const pod = text(await ask('RunPodSandbox', (writer) => writer.writeBytesField(1, config)))
      configs.set(pod, config)
      namespaces.set(pod, own)
      return pod
    },
    async create(pod, wanted) {
      const reader = await ask('CreateContainer', (writer) => {
        writer.writeStringField(1, pod)
        writer.writeBytesField(
          2,
          containerConfig(`container-${containers++}`, wanted, namespaces.get(pod) ?? new Uint8Array()),
        )
        writer.writeBytesField(3, configs.get(pod) ?? new Uint8Array())
      })
      return text(reader)
    },
    start: async (container) => void (await ask('StartContainer', byId(container))),
    status,
    async pid(container) {
      const reader = await ask('ContainerStatus', (writer) => {
        writer.writeStringField(1, container)
        writer.writeBooleanField(2, true)
      })
      const found = { info: '{}' }
      reader.readFields((field) => {
        // An entry of `info`, whose one value is in JSON.
        if (field !== 2) return
        reader.readMessage((inner) => {
          if (inner === 2) found.info = reader.readString()
        }, undefined)
      }, undefined)
      const { pid } = JSON.parse(found.info) as { readonly pid?: number }
      if (pid === undefined) throw new Error(`no process of ${container}: ${found.info}`)
      return pid
    },
    async ended(container) {
      for (let found = await status(container); ; found = await status(container)) {
        if (found.state === 'exited') return found
        await setTimeout(5)
      }
    },
    async exec(container, command) {
      const reader = await ask('ExecSync', (writer) => {
        writer.writeStringField(1, container)
        for (const word of command) writer.writeStringField(2, word)
        writer.writeVarintField(3, 30)
      })
      const output = { stdout: '', exitCode: 0 }
      reader.readFields((field) => {
        if (field === 1) output.stdout = Buffer.from(reader.readBytes()).toString()
        else if (field === 3) output.exitCode = reader.readVarint(true)
      }, undefined)
      return output
    },
    remove: async (container) => void (await ask('RemoveContainer', byId(container))),
    removePod,
    async removeImage(image) {
      const request = message((writer) =>
        writer.writeBytesField(
          1,
          message((spec) => spec.writeStringField(1, image)),
        ),
      )
      body(await callCri(socket, 'ImageService/RemoveImage', request, LIMIT_MS))
    },
  }
}

/** A container has those of its Pod. */
function namespacesOf({ firstUser }: PodWanted): Uint8Array {
  return message((options) => {
    options.writeVarintField(1, firstUser === undefined ? NODE_NAMESPACE : POD_NAMESPACE)
    if (firstUser === undefined) return
    const mapping = message((writer) => {
      writer.writeVarintField(1, firstUser)
      writer.writeVarintField(3, USERS)
    })
    options.writeBytesField(
      5,
      message((users) => {
        users.writeVarintField(1, POD_NAMESPACE)
        users.writeBytesField(2, mapping)
        users.writeBytesField(3, mapping)
      }),
    )
  })
}

function podConfig(name: string, namespaces: Uint8Array): Uint8Array {
  return message((config) => {
    config.writeBytesField(
      1,
      message((metadata) => {
        metadata.writeStringField(1, name)
        metadata.writeStringField(2, name)
        metadata.writeStringField(3, 'default')
      }),
    )
    const security = message((writer) => writer.writeBytesField(1, namespaces))
    config.writeBytesField(
      8,
      message((linux) => linux.writeBytesField(2, security)),
    )
  })
}

function containerConfig(
  name: string,
  { image, command = [], readOnly = false }: ContainerWanted,
  namespaces: Uint8Array,
): Uint8Array {
  return message((config) => {
    config.writeBytesField(
      1,
      message((metadata) => metadata.writeStringField(1, name)),
    )
    config.writeBytesField(
      2,
      message((spec) => spec.writeStringField(1, image)),
    )
    for (const word of command) config.writeStringField(3, word)
    const security = message((writer) => {
      writer.writeBytesField(3, namespaces)
      writer.writeBooleanField(7, readOnly)
    })
    config.writeBytesField(
      15,
      message((linux) => linux.writeBytesField(2, security)),
    )
  })
}

function message(write: (writer: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter()
  write(writer)
  return writer.finish()
}

/** @throws CriError */
function body({ status, message: reason, body: bytes }: Answer): Buffer {
  if (status !== '0') throw new CriError(reason)
  return bytes
}

/** The string of field 1. */
function text(reader: PbfReader): string {
  const found = { text: '' }
  reader.readFields((field) => {
    if (field === 1) found.text = reader.readString()
  }, undefined)
  return found.text
}

/** A request that has an id alone. */
function byId(id: string): (writer: PbfWriter) => void {
  return (writer) => writer.writeStringField(1, id)
}
