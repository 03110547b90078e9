/**
 * Runs the credential plugin of a kubeconfig (client.authentication.k8s.io v1 and v1beta1), and keeps what it gives
 * until it expires or is refused. Requests at the same time share one run.
 */
import { execa } from 'execa'
import { textAt } from '../../../core/json-fields.ts'
import { parseJson, type Json } from '../../../core/json.ts'
import type { ExecPlugin, KeyPair } from '../cluster-access.ts'
import { KubernetesError } from '../kubernetes-error.ts'

export type PluginCredentials = {
  readonly token: string | undefined
  readonly certificate: KeyPair | undefined
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** A person may have to log in by a browser meanwhile. */
const LIMIT_MS = 120_000
/** Credentials are renewed so long before they expire, for clocks that differ. */
const EARLY_MS = 10_000
const MAX_STDERR = 500

export class ExecCredentials {
  readonly #plugin: ExecPlugin
  readonly #now: () => number
  #running: Promise<PluginCredentials> | undefined
  #last: PluginCredentials | undefined

  /** @param now milliseconds since 1970. */
  constructor(plugin: ExecPlugin, now: () => number = Date.now) {
    this.#plugin = plugin
    this.#now = now
  }

  /** @throws KubernetesError `configuration` for a plugin that fails. */
  async current(): Promise<PluginCredentials> {
    if (this.#last !== undefined && this.#now() < this.#last.expiresAt - EARLY_MS) return this.#last
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
    return this.#running
  }

  /** Forgets credentials that the server refused. */
  forget(refused: PluginCredentials): void {
    if (this.#last === refused) this.#last = undefined
  }

  async #run(): Promise<PluginCredentials> {
    const { command, args, apiVersion, cluster, environment, installHint } = this.#plugin
    const spec = { interactive: false, ...(cluster === undefined ? {} : { cluster }) }
    const { failed, stdout, stderr, shortMessage, code } = await execa(command, [...args], {
      reject: false,
      stdin: 'ignore',
      timeout: LIMIT_MS,
      env: {
        ...environment,
        KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }),
      },
    })
    if (failed) {
      const hint = code === 'ENOENT' && installHint !== undefined ? `: ${installHint}` : ''
      const reason = stderr === '' ? '' : `: ${stderr.slice(0, MAX_STDERR)}`
      throw new KubernetesError('configuration', `${shortMessage}${reason}${hint}`)
    }
    const given = credentialsIn(command, stdout)
    // New credentials that are over already tell of clocks that differ. They count until the server refuses them.
    const isOver = given.expiresAt - EARLY_MS <= this.#now()
    this.#last = isOver ? { ...given, expiresAt: Infinity } : given
    return this.#last
  }
}

function credentialsIn(command: string, output: string): PluginCredentials {
  let answer: Json
  try {
    answer = parseJson(output)
  } catch (cause) {
    throw new KubernetesError('configuration', `${command}: it printed no ExecCredential`, { cause })
  }
  const token = textAt(answer, 'status', 'token')
  const cert = textAt(answer, 'status', 'clientCertificateData')
  const key = textAt(answer, 'status', 'clientKeyData')
  const certificate = cert === undefined || key === undefined ? undefined : { cert, key }
  if (token === undefined && certificate === undefined)
    throw new KubernetesError(
      'configuration',
      `${command}: its ExecCredential has no token and no certificate`,
    )
  const expires = Date.parse(textAt(answer, 'status', 'expirationTimestamp') ?? '')
  return { token, certificate, expiresAt: Number.isNaN(expires) ? Infinity : expires }
}
