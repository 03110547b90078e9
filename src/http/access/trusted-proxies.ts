/**
 * The proxies whose word counts. A proxy names the client that it asks for in X-Forwarded-For or Forwarded (RFC 7239);
 * anybody can send these headers, so only the addresses that trusted proxies added are believed: from the right, until
 * one isn't a trusted proxy. That one is the client.
 */
import { BlockList, isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'

/** `10.0.0.0/8`, or one address. */
export type AddressRange = {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

/** The client of a request, and how it asked. */
export type Origin = {
  /** The client's address. */
  readonly address: string
  /** The scheme that the client used; `undefined` where no trusted proxy says so. */
  readonly protocol: 'http' | 'https' | undefined
  /** The Host that the client sent, likewise. */
  readonly host: string | undefined
}

/** More hops than any deployment has; the rest isn't looked at. */
const MAX_HOPS = 50

/** @returns nothing for a text that is no range. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [address = '', length, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return undefined
  const most = version === 4 ? 32 : 128
  const prefix = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : -1
  if (prefix < 0 || prefix > most) return undefined
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

export class TrustedProxies {
  readonly #list = new BlockList()
  readonly #isEmpty: boolean

  constructor(ranges: readonly AddressRange[]) {
    for (const { address, prefix, family } of ranges) this.#list.addSubnet(address, prefix, family)
    this.#isEmpty = ranges.length === 0
  }

  /** Whether an address is one of theirs. */
  has(address: string): boolean {
    if (this.#isEmpty) return false
    const plain = withoutMapping(address)
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }

  /** The origin of a request, as far as trusted proxies tell it; else that of the connection. */
  originOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): Origin {
    const peer = withoutMapping(socket.remoteAddress ?? '')
    if (!this.has(peer)) return { address: peer, protocol: undefined, host: undefined }
    const forwarded = headers.forwarded
    const hops = forwarded === undefined ? hopsOf(headers) : parseForwarded(forwarded)
    let [address, at] = [peer, hops.length]
    while (at > 0 && this.has(address)) {
      const hop = hops[at - 1]?.address
      // A name that hides an address, or no address at all: the proxy that says so stands for its client.
      if (hop === undefined) break
      address = hop
      at -= 1
    }
    // The proxy next to the client knows how the client asked.
    const hop = hops[at] ?? hops.at(-1)
    return { address, protocol: hop?.protocol, host: hop?.host }
  }
}

type Hop = Omit<Origin, 'address'> & { readonly address: string | undefined }

function hopsOf(headers: IncomingMessage['headers']): readonly Hop[] {
  const addresses = listOf(headers['x-forwarded-for'])
  const protocols = listOf(headers['x-forwarded-proto'])
  const hosts = listOf(headers['x-forwarded-host'])
  if (addresses.length === 0 && protocols.length + hosts.length > 0)
    return [{ address: undefined, protocol: protocolIn(protocols.at(-1)), host: hosts.at(-1) }]
  // Some proxies replace the scheme and the host instead of adding theirs.
  return addresses.map((text, i) => ({
    address: addressIn(text),
    protocol: protocolIn(protocols.length === addresses.length ? protocols[i] : protocols.at(-1)),
    host: hosts.length === addresses.length ? hosts[i] : hosts.at(-1),
  }))
}

/** RFC 7239, section 4: elements with commas between, each of pairs with semicolons between. */
function parseForwarded(header: string): readonly Hop[] {
  return splitOutsideQuotes(header, ',')
    .slice(-MAX_HOPS)
    .map((element) => {
      const pairs = new Map(
        splitOutsideQuotes(element, ';').map((pair): [string, string] => {
          const equals = pair.indexOf('=')
          const value = pair.slice(equals + 1).trim()
          return [pair.slice(0, equals).trim().toLowerCase(), unquoted(value)]
        }),
      )
      return {
        address: addressIn(pairs.get('for') ?? ''),
        protocol: protocolIn(pairs.get('proto')),
        host: pairs.get('host'),
      }
    })
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] {
  const pattern =
    separator === ',' ? /((?:[^",]|"(?:[^"\\]|\\.)*")*)(?:,|$)/g : /((?:[^";]|"(?:[^"\\]|\\.)*")*)(?:;|$)/g
  return Array.from(text.matchAll(pattern), ([, part = '']) => part.trim()).filter((part) => part !== '')
}

function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text
}

function listOf(header: string | string[] | undefined): readonly string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '')
  return text
    .split(',')
    .slice(-MAX_HOPS)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** `192.0.2.1`, `192.0.2.1:443`, `[2001:db8::1]:443` or `2001:db8::1`; nothing for `unknown` and `_hidden`. */
function addressIn(text: string): string | undefined {
  const plain = unquoted(text)
  const [, bracketed] = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(plain) ?? []
  const [, withPort] = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(plain) ?? []
  const address = withoutMapping(bracketed ?? withPort ?? plain)
  return isIP(address) === 0 ? undefined : address
}

function protocolIn(text: string | undefined): 'http' | 'https' | undefined {
  const lower = text?.toLowerCase()
  return lower === 'http' || lower === 'https' ? lower : undefined
}

function withoutMapping(address: string): string {
  if (!address.startsWith('::')) return address
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}
