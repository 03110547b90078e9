/** Addresses as Go reads them, and as Kubernetes reads old ones: with zeros in front. */

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)
const SLOPPY_IPV4 = new RegExp(`^0*${OCTET}(?:\\.0*${OCTET}){3}$`)
const GROUP = /^[0-9a-f]{1,4}$/i
const SLOPPY_GROUP = /^0*[0-9a-f]{1,4}$/i

type Spelling = { readonly ipv4: RegExp; readonly group: RegExp }

const STRICT: Spelling = { ipv4: IPV4, group: GROUP }
const SLOPPY: Spelling = { ipv4: SLOPPY_IPV4, group: SLOPPY_GROUP }

export function isIpv4(text: string): boolean {
  const dot = text.indexOf('.')
  const colon = text.indexOf(':')
  if (dot === -1) return false
  return colon === -1 || dot < colon ? SLOPPY_IPV4.test(text) : isGroups(text, SLOPPY)
}

export function isIpv6(text: string): boolean {
  return text.includes(':') && isGroups(text, STRICT)
}

/** Whether the text is an address of IPv4 or IPv6. */
export function isIpAddress(text: string): boolean {
  return IPV4.test(text) || isIpv6(text)
}

export function isCidr(text: string): boolean {
  const slash = text.indexOf('/')
  const [address, mask] = [text.slice(0, slash), text.slice(slash + 1)]
  if (slash === -1 || !/^\d+$/.test(mask)) return false
  if (SLOPPY_IPV4.test(address)) return Number(mask) <= 32
  return isGroups(address, SLOPPY) && Number(mask) <= 128
}

/** Eight groups of 16 bits, of which the last two may be spelled as of IPv4, and any number left out as `::`. */
function isGroups(text: string, { ipv4, group }: Spelling): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const parts = halves.map((half) => (half === '' ? [] : half.split(':')))
  const all = parts.flat()
  const last = all.at(-1) ?? ''
  const isMixed = last.includes('.') && !text.endsWith('::')
  const count = all.length + (isMixed ? 1 : 0)
  const isWhole = halves.length === 2 ? count < 8 : count === 8
  return (
    isWhole && all.every((one, i) => (isMixed && i === all.length - 1 ? ipv4.test(one) : group.test(one)))
  )
}
