/** Requests a second, by wrk, which costs less than what it measures. */
import { execa } from 'execa'

const LOAD_SECONDS = 3
const CONNECTIONS = 16
/** The form of manifest that is asked for. */
export const ACCEPT = 'application/vnd.oci.image.manifest.v1+json'

/** @param authorization the header of each request, if any. */
export async function requestRate(url: string, authorization?: string): Promise<number> {
  const own = authorization === undefined ? [] : ['-H', `Authorization: ${authorization}`]
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${LOAD_SECONDS}`, '-H', `Accept: ${ACCEPT}`, ...own, url]
  const { stdout } = await execa('wrk', args)
  if (/Non-2xx/.test(stdout)) throw new Error(`${url} fails under load: ${stdout}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
}
