/** Requests a second, by wrk, which costs less than what it measures. */
import { execa } from 'execa'

const LOAD_SECONDS = 3
const CONNECTIONS = 16
/** The form of manifest that is asked for. */
export const ACCEPT = 'application/vnd.oci.image.manifest.v1+json'

export async function requestRate(url: string): Promise<number> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${LOAD_SECONDS}`, '-H', `Accept: ${ACCEPT}`, url]
  const { stdout } = await execa('wrk', args)
  if (/Non-2xx/.test(stdout)) throw new Error(`${url} fails under load: ${stdout}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
}
