/**
 * Names that clients call the server by. A web page that resolves its own name to this machine (DNS rebinding) sends
 * that name as the Host, so an unknown name is refused. An IP address as the Host can't come from such a page.
 */
import { isIP, isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import type { IncomingMessage } from 'node:http'

/** Without port, brackets and final dot, in lower case. */
export type HostName = { readonly kind: 'address' | 'name'; readonly text: string }

export type RequestedHost =
  | HostName
  /** HTTP/1.0 has requests without a Host. Browsers always send one. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed' }

/** Names that an operator allows beside the default ones. */
export type HostPattern =
  | { readonly kind: 'any' }
  | { readonly kind: 'exact'; readonly name: string }
  /** `*.example.org`: every name below it. */
  | { readonly kind: 'below'; readonly suffix: string }

/** RFC 1035, section 2.3.4. */
const MAX_NAME = 255
const PORT = /^[0-9]{0,5}$/
/** With the underscore, which names of containers have. */
const LABEL = /^[a-z0-9_-]+$/

/** @param text the value of a Host header, or a name that an operator wrote. @returns nothing if it is malformed. */
export function parseHost(text: string): HostName | undefined {
  if (text.length > MAX_NAME + '.:65535'.length) return undefined
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    const [address, rest] = [text.slice(1, end), text.slice(end + 1)]
    if (end === -1 || !isIPv6(address) || !isPort(rest)) return undefined
    return { kind: 'address', text: address.toLowerCase() }
  }
  const colon = text.indexOf(':')
  const [name, rest] = colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon)]
  const plain = (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
  if (!isPort(rest) || !plain.split('.').every((label) => LABEL.test(label))) return undefined
  return { kind: isIP(plain) === 0 ? 'name' : 'address', text: plain }
}

/** @param text `registry.example.org`, `*.example.org` or `*`. @returns nothing if it is none of them. */
export function parseHostPattern(text: string): HostPattern | undefined {
  if (text === '*') return { kind: 'any' }
  const isBelow = text.startsWith('*.')
  const host = parseHost(isBelow ? text.slice(2) : text)
  if (host === undefined) return undefined
  return isBelow ? { kind: 'below', suffix: `.${host.text}` } : { kind: 'exact', name: host.text }
}

/**
 * The host that a request is for: that of an absolute request target, else the Host header (RFC 9112, section 3.2.2).
 * @param target the request target as the client sent it.
 */
export function requestedHost(raw: IncomingMessage, target: string): RequestedHost {
  // RFC 9112, section 3.2: two of them are malformed.
  if (hostCount(raw) > 1) return { kind: 'malformed' }
  const text = authorityOf(target) ?? raw.headers.host
  if (text === undefined) return { kind: 'absent' }
  return parseHost(text) ?? { kind: 'malformed' }
}

/** `http://registry/v2/` as `/v2/`: routes are found by the path alone. */
export function originForm(target: string): string {
  const authority = authorityOf(target)
  if (authority === undefined) return target
  const rest = target.slice(target.indexOf('//') + 2 + authority.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** Whether the name means this server: a default name, or one of the operator's. */
export function isKnownHost(host: HostName, patterns: readonly HostPattern[]): boolean {
  return isOwnAddress(host) || ownNames().includes(host.text) || patterns.some((one) => matches(one, host))
}

/** Whether a browser resolves the name to nothing but what it says: `localhost` (RFC 6761), or an IP address. */
export function isOwnAddress({ kind, text }: HostName): boolean {
  return kind === 'address' || text === 'localhost' || text.endsWith('.localhost')
}

/** The machine's name, with and without its domain, and the one that images have. */
function ownNames(): readonly string[] {
  const name = hostname().toLowerCase()
  return ['nix.internal', name, name.split('.', 1)[0] ?? name]
}

function matches(pattern: HostPattern, { text }: HostName): boolean {
  switch (pattern.kind) {
    case 'any':
      return true
    case 'exact':
      return text === pattern.name
    case 'below':
      return text.endsWith(pattern.suffix)
  }
}

function hostCount({ rawHeaders }: IncomingMessage): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 'host'.length && rawHeaders[i]?.toLowerCase() === 'host') count += 1
  return count
}

function authorityOf(target: string): string | undefined {
  // Almost all targets are paths.
  if (target.startsWith('/')) return undefined
  return /^https?:\/\/([^/?#]*)/i.exec(target)?.[1]
}

/** Nothing, or a colon and the port, which may be empty (RFC 3986, section 3.2.3). */
function isPort(rest: string): boolean {
  return rest === '' || (rest.startsWith(':') && PORT.test(rest.slice(1)))
}
