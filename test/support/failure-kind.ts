import { KubernetesError } from '../../src/kubernetes/client/kubernetes-error.ts'

/** The kind of KubernetesError by which a promise fails. @throws where it fails by another error, or not at all. */
export async function failureKind(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof KubernetesError) return error.kind
    throw error
  }
  throw new Error('it did not fail')
}
