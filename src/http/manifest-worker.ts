/** A thread for one text of manifests: reading YAML takes a second and hundreds of megabytes for a megabyte. */
import { parentPort, workerData } from 'node:worker_threads'
import { RegistryError, type ErrorDetail } from '../core/errors.ts'
import { findReferences, type ManifestReferences } from '../core/manifest-references.ts'

export type ManifestTask = { readonly text: string; readonly hosts: readonly string[] }
export type ManifestAnswer =
  | { readonly references: ManifestReferences }
  | { readonly message: string; readonly detail: ErrorDetail | undefined }

const { text, hosts } = workerData as ManifestTask
parentPort?.postMessage(read())

function read(): ManifestAnswer {
  try {
    return { references: findReferences(text, { source: 'request body', hosts }) }
  } catch (error) {
    if (error instanceof RegistryError) return { message: error.message, detail: error.detail }
    throw error
  }
}
