/** An entry of a kubeconfig, and the files that it names relative to its own. */
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { textAt } from '../../../core/json-fields.ts'
import type { Json } from '../../../core/json.ts'
import { KubernetesError } from '../kubernetes-error.ts'

export type KubeconfigEntry = {
  readonly value: Json
  /** The directory of its file; absent for a text that is no file, such as that of a Secret. */
  readonly directory: string | undefined
}

/**
 * Returns the PEM of `name-data` in base 64, or of the file that `name` names.
 * @throws KubernetesError `configuration`.
 */
export function pemOf(entry: KubeconfigEntry, name: string): string | undefined {
  const data = filled(textAt(entry.value, `${name}-data`))
  if (data !== undefined) return checkedPem(Buffer.from(data, 'base64').toString(), `${name}-data`)
  const file = filled(textAt(entry.value, name))
  if (file === undefined) return undefined
  const path = pathOf(entry, file, name)
  try {
    return checkedPem(readFileSync(path, 'utf8'), path)
  } catch (cause) {
    if (cause instanceof KubernetesError) throw cause
    throw new KubernetesError('configuration', `${name} of the kubeconfig: ${path} cannot be read`, { cause })
  }
}

/** @throws KubernetesError `configuration` where the entry comes from no file: a Secret must not read files here. */
export function pathOf({ directory }: KubeconfigEntry, file: string, name: string): string {
  if (directory === undefined)
    throw wrongKubeconfig(`a kubeconfig of a Secret may not name a file: ${name}: ${file}`)
  return isAbsolute(file) ? file : join(directory, file)
}

/** Returns a text that isn't empty; an empty one is the same as none in a kubeconfig. */
export function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

export function wrongKubeconfig(message: string): KubernetesError {
  return new KubernetesError('configuration', message)
}

function checkedPem(text: string, name: string): string {
  if (text.includes('-----BEGIN ')) return text
  throw wrongKubeconfig(`${name} of the kubeconfig: expected PEM, which begins with -----BEGIN`)
}
