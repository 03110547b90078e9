/** Requests a second, by wrk, which costs less than what it measures. */
import { execa } from 'execa'

const LOAD_SECONDS = 3
const CONNECTIONS = 16
/** The form of manifest that is asked for. */
export const ACCEPT = 'application/vnd.oci.image.manifest.v1+json'

/** @param authorization the header of each request, if any. */
export async function requestRate(url: string, authorization?: string): Promise<number> {
  return (await measureLoad(url, authorization)).requestsPerSecond
}

/** Requests a second, and the time within which 99 of 100 are answered. */
export async function measureLoad(
  url: string,
  authorization?: string,
): Promise<{ readonly requestsPerSecond: number; readonly p99Ms: number }> {
  const own = authorization === undefined ? [] : ['-H', `Authorization: ${authorization}`]
  const options = ['--latency', '-t1', `-c${CONNECTIONS}`, `-d${LOAD_SECONDS}`]
  const { stdout } = await execa('wrk', [...options, '-H', `Accept: ${ACCEPT}`, ...own, url])
  if (/Non-2xx/.test(stdout)) throw new Error(`${url} fails under load: ${stdout}`)
  const [, late, unit] = /\s99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? []
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p99Ms: Number(late) * (unit === 's' ? 1000 : unit === 'us' ? 0.001 : 1),
  }
}
