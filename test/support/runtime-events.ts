/** How long events of the container runtime took, as `/metrics` of a zero-copy registry has it. */

/** Seconds, a limit of the histogram: 99 % within it are the goal, and the runtime waits for two seconds. */
export const EVENT_GOAL = '0.05'

/** @param event such as `CreateContainer`. */
export async function eventTimes(url: string, event: string) {
  const text = await (await fetch(`${url}/metrics`)).text()
  const bucket = new RegExp(
    `^pushless_runtime_event_seconds_bucket\\{le="([^"]+)",event="${event}"\\} (\\d+)$`,
    'gm',
  )
  const buckets = [...text.matchAll(bucket)].map(([, limit = '', count]) => [limit, Number(count)] as const)
  const count = buckets.at(-1)?.[1] ?? 0
  return {
    count,
    inTime: buckets.find(([limit]) => limit === EVENT_GOAL)?.[1] ?? 0,
    shares: buckets.map(([limit, within]) => `${within} in ${limit} s`).join(', '),
  }
}
