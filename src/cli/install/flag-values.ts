/** Values of the flags of `pushless install`, each parsed or refused. */
import { parseArchiveName } from '../../archive/archive-name.ts'
import type { VariantKind } from '../../kubernetes/install/install-options.ts'
import { UsageError } from '../usage-error.ts'

/** RFC 1123, as Kubernetes has it for namespaces and for most names. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/
const MIN_NODE_PORT = 30_000
const MAX_NODE_PORT = 32_767
const MAX_REPLICAS = 1000

/** `name=value`, as many as there are. @throws UsageError. */
export function parseAnnotations(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name = '', value = ''] = /^((?:[a-z0-9.-]+\/)?[A-Za-z0-9._-]+)=(.*)$/s.exec(text) ?? []
      if (name === '') throw new UsageError(`--account-annotation ${text}: expected NAME=VALUE`)
      return [name, value]
    }),
  )
}

/** `3`, or `2-10` with the variant that scales. @throws UsageError. */
export function parseReplicas(
  text: string,
  kind: VariantKind,
): number | { readonly min: number; readonly max: number } {
  const [, first = '', last] = /^([0-9]{1,4})(?:-([0-9]{1,4}))?$/.exec(text) ?? []
  const [min, max] = [Number(first), Number(last ?? first)]
  if (first === '' || max > MAX_REPLICAS || max < min || (last !== undefined && min === 0))
    throw new UsageError(`--replicas ${text}: expected a number such as 3, or bounds such as 2-10`)
  if (last === undefined) return min
  if (kind !== 'cache') throw new UsageError(`--replicas ${text}: --kind ${kind} takes one number`)
  return { min, max }
}

/** A port that a Service may have on every node, or `none`. @throws UsageError. */
export function parseNodePort(text: string): number | 'none' {
  if (text === 'none') return 'none'
  const port = wholeNumber('--node-port', text)
  if (port >= MIN_NODE_PORT && port <= MAX_NODE_PORT) return port
  throw new UsageError(
    `--node-port ${text}: expected a port from ${MIN_NODE_PORT} to ${MAX_NODE_PORT}, or none`,
  )
}

/** @throws UsageError. */
export function wholeNumber(flag: string, text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new UsageError(`${flag} ${text}: expected a whole number`)
}

/** Takes a tag or a digest. @throws UsageError. */
export function checkImage(text: string): void {
  const name = text.replace(/@sha256:[0-9a-f]{64}$/, '')
  if (parseArchiveName(name) === undefined) throw new UsageError(`--image: not the name of an image: ${text}`)
}

/** @throws UsageError. */
export function checkNamespace(name: string): void {
  if (!LABEL.test(name)) throw new UsageError(`--namespace: not a name that a namespace can have: ${name}`)
}

/** @throws UsageError. */
export function secretName(flag: string, name: string): string {
  if (SUBDOMAIN.test(name)) return name
  throw new UsageError(`${flag} ${name}: expected the name of an object in the registry's namespace`)
}

/** `tlsSecret` as `--tls-secret`. */
export function flagName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
