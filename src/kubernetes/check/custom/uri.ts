/** URIs and email addresses as Go reads them (net/url, ParseRequestURI; net/mail, ParseAddress). */
import { isIpAddress, isIpv6 } from './ip-address.ts'

const ESCAPES = /^([^%]|%[0-9a-f]{2})*$/i
/** In a host, only bytes beyond ASCII may be escaped. */
const HOST = /^([A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]|[^ -~]|%[89a-f][0-9a-f]|%25)*$/i
const USER = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/

export function isRequestUri(text: string): boolean {
  // oxlint-disable-next-line eslint/no-control-regex -- these are what isn't taken
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text)) return false
  if (text === '*') return true
  if (text.startsWith(':')) return false
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]
  const [rest = ''] = text.slice(scheme === undefined ? 0 : scheme.length + 1).split('?')
  if (!rest.startsWith('/')) return scheme !== undefined
  if (scheme === undefined || !rest.startsWith('//')) return ESCAPES.test(rest)
  const [, authority = '', path = ''] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? []
  return ESCAPES.test(path) && isAuthority(authority)
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@')
  const user = authority.slice(0, Math.max(at, 0))
  return USER.test(user) && ESCAPES.test(user) && isHost(authority.slice(at + 1))
}

function isHost(host: string): boolean {
  if (host.lastIndexOf('[') > 0) return false
  if (host.startsWith('[')) {
    const [, address = '', zone, port = ''] = /^\[(.*?)(?:%25(.*))?\](.*)$/s.exec(host) ?? []
    return isIpv6(address) && zone !== '' && /^(:\d*)?$/.test(port)
  }
  const colon = host.lastIndexOf(':')
  return HOST.test(host) && (colon === -1 || /^:\d*$/.test(host.slice(colon)))
}

const WORD = '[^\\u0000-\\u0020\\u007f()<>[\\]:;@\\\\,."]'
const TEXT = '[^\\u0000-\\u0008\\u000a-\\u001f\\u007f"\\\\]|\\\\[^\\u0000-\\u0008\\u000a-\\u001f\\u007f]'
const ATOMS = `${WORD}+(\\.${WORD}+)*`
const ADDRESS = `[ \\t]*(${ATOMS}|"(${TEXT})+")@[ \\t]*(${ATOMS}|\\[[^\\]]*\\])`
const PHRASE = `(${WORD}|[. \\t]|"(${TEXT})*")*`
const PLAIN = new RegExp(`^${ADDRESS}[ \\t]*$`, 'u')
const NAMED = new RegExp(`^${PHRASE}<${ADDRESS}>[ \\t]*$`, 'u')

/** Comments, groups and encoded words are left to the server. */
export function isEmail(text: string): boolean {
  if (/\(.*\)|:.*;|=\?/s.test(text)) return text.includes('@')
  const literal = /@[ \t]*\[([^\]]*)\]>?[ \t]*$/.exec(text)?.[1]
  return (PLAIN.test(text) || NAMED.test(text)) && (literal === undefined || isIpAddress(literal))
}
