/** A thread for one body: reading YAML takes a second and hundreds of megabytes for a megabyte. */
import { parentPort, workerData } from 'node:worker_threads'
import { RegistryError, type ErrorDetail, type ErrorKind } from '../../core/errors/errors.ts'
import type { ImageList } from './image-list.ts'
import { readImageList } from './read-image-list.ts'

export type ReadTask = { readonly bytes: Uint8Array; readonly hosts: readonly string[] }
export type ReadAnswer =
  | { readonly kind: 'list'; readonly list: ImageList }
  | {
      readonly kind: 'refusal'
      readonly error: ErrorKind
      readonly message: string
      readonly detail: ErrorDetail | undefined
    }

const { bytes, hosts } = workerData as ReadTask
parentPort?.postMessage(read())

function read(): ReadAnswer {
  try {
    return {
      kind: 'list',
      list: readImageList(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(), hosts),
    }
  } catch (error) {
    if (error instanceof RegistryError)
      return { kind: 'refusal', error: error.kind, message: error.message, detail: error.detail }
    throw error
  }
}
