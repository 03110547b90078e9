/** kubelet's patience with an image: it asks its runtime again and again, later each time. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Pulled } from '../support/cri.ts'

export type PulledInTheEnd = {
  /** Of the attempts before the last: each is an ErrImagePull, or ImagePullBackOff, in the Pod's events. */
  readonly failures: readonly string[]
  /** Nothing when all attempts failed. */
  readonly imageId: string | undefined
  /** From the first attempt to the end of the last. */
  readonly seconds: number
}

/** kubernetes pkg/kubelet/kubelet.go: imageBackOffPeriod, which doubles. It stops growing at 300 s, past any test. */
const FIRST_BACKOFF_MS = 10_000
/** kubelet has no limit. These wait 10, 20 and 40 s in between. */
const ATTEMPTS = 4

/** @param pull one attempt */
export async function pullAsKubelet(pull: () => Promise<Pulled>): Promise<PulledInTheEnd> {
  const start = performance.now()
  const failures: string[] = []
  const seconds = () => Math.round((performance.now() - start) / 1000)
  for (let backoff = FIRST_BACKOFF_MS; ; backoff *= 2) {
    const pulled = await pull()
    if (pulled.kind === 'pulled') return { failures, imageId: pulled.imageId, seconds: seconds() }
    failures.push(pulled.message)
    if (failures.length === ATTEMPTS) return { failures, imageId: undefined, seconds: seconds() }
    await delay(backoff)
  }
}
