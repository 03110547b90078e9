/**
 * Formats of texts that the API server knows (kube-openapi, strfmt), each as it reads them there. Any other format,
 * such as `int64`, says nothing.
 */
import type { JsonSchema } from './json-schema.ts'
import { isCidr, isIpv4, isIpv6 } from './ip-address.ts'
import { isEmail, isRequestUri } from './uri.ts'

type Format = { readonly holds: (text: string) => boolean; readonly expected: string }

const matches = (pattern: RegExp) => (text: string) => pattern.test(text)
const UUID = 'a UUID, such as "123e4567-e89b-42d3-a456-426614174000"'
const isUuid = (third: string, fourth: string) =>
  matches(
    new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}[0-9a-f]{3}-?${fourth}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'),
  )
const SHORT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const CHANNEL = '\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*'

/** By their names without dashes, which the server leaves out. Kubernetes 1.34 doesn't know the first two yet. */
const FORMATS = new Map<string, Format>([
  [
    'k8sshortname',
    {
      holds: (text) => text.length <= 63 && SHORT_NAME.test(text),
      expected: 'a name of up to 63 small letters, digits and dashes',
    },
  ],
  [
    'k8slongname',
    {
      holds: (text) => text.length <= 253 && text.split('.').every((part) => SHORT_NAME.test(part)),
      expected: 'a name of up to 253 small letters, digits, dashes and dots',
    },
  ],
  ['bsonobjectid', { holds: matches(/^[0-9a-f]{24}$/i), expected: 'an object ID of 24 hexadecimal digits' }],
  ['uri', { holds: isRequestUri, expected: 'a URI, such as "https://example.org"' }],
  ['email', { holds: isEmail, expected: 'an email address' }],
  ['hostname', { holds: isHostname, expected: 'a host name' }],
  ['ipv4', { holds: isIpv4, expected: 'an IPv4 address' }],
  ['ipv6', { holds: isIpv6, expected: 'an IPv6 address' }],
  ['cidr', { holds: isCidr, expected: 'a range of addresses, such as "10.0.0.0/8"' }],
  ['mac', { holds: isMac, expected: 'a MAC address' }],
  ['uuid', { holds: isUuid('[0-9a-f]', '[0-9a-f]'), expected: UUID }],
  ['uuid3', { holds: isUuid('3', '[0-9a-f]'), expected: `${UUID}, of version 3` }],
  ['uuid4', { holds: isUuid('4', '[89ab]'), expected: `${UUID}, of version 4` }],
  ['uuid5', { holds: isUuid('5', '[89ab]'), expected: `${UUID}, of version 5` }],
  ['isbn', { holds: (text) => isIsbn10(text) || isIsbn13(text), expected: 'an ISBN' }],
  ['isbn10', { holds: isIsbn10, expected: 'an ISBN of 10 digits' }],
  ['isbn13', { holds: isIsbn13, expected: 'an ISBN of 13 digits' }],
  ['creditcard', { holds: isCreditCard, expected: 'a number of a credit card' }],
  ['ssn', { holds: matches(/^(?=.{11}$)\d{3}[- ]?\d{2}[- ]?\d{4}$/), expected: 'a social security number' }],
  ['hexcolor', { holds: matches(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i), expected: 'a colour, such as "#ff0000"' }],
  [
    'rgbcolor',
    {
      holds: matches(new RegExp(`^rgb\\(${CHANNEL},${CHANNEL},${CHANNEL}\\)$`)),
      expected: 'a colour, such as "rgb(255,0,0)"',
    },
  ],
  [
    'byte',
    {
      holds: matches(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/),
      expected: 'a string in Base64',
    },
  ],
  ['password', { holds: () => true, expected: 'a string' }],
  ['date', { holds: isDate, expected: 'a date, such as "2026-01-31"' }],
  ['duration', { holds: isDuration, expected: 'a duration, such as "1h30m"' }],
  ['datetime', { holds: isDateTime, expected: 'a time as in RFC 3339, such as "2026-01-31T12:00:00Z"' }],
])

/** @returns nothing for a format that the server doesn't enforce. */
export function formatOf({ format }: JsonSchema): Format | undefined {
  return typeof format === 'string' ? FORMATS.get(format.replaceAll('-', '')) : undefined
}

function isDate(text: string): boolean {
  const [, year, month, day] = (/^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return false
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return days !== undefined && day >= 1 && day <= days
}

/** The text after a second `t` isn't checked. */
function isDateTime(text: string): boolean {
  const [date = '', time = ''] = text.toLowerCase().split('t')
  const [, hour = '', minute = '', second = ''] =
    /^(\d{2}):(\d{2}):(\d{2})([^\n]\d+)?(z|[+-]\d{2}:\d{2})$/.exec(time) ?? []
  return isDate(date) && hour !== '' && hour <= '23' && minute <= '59' && second <= '59'
}

/** As Go has durations, or with a unit of Scala's anywhere behind a number. */
function isDuration(text: string): boolean {
  if (/^[-+]?(0|((\d{1,6}(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/.test(text)) return true
  const parts = [...text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)]
  const isTooLarge = parts.some(([, digits = '']) => BigInt(digits) >= 2n ** 63n)
  return !isTooLarge && parts.some(([, , unit = '']) => UNIT.test(unit))
}

const UNIT = /^((ns|us|µs|ms|s|m|h|hr|d|w|wk)$|nano|micro|milli|sec|min|hour|day|week)/i

function isHostname(text: string): boolean {
  return (
    HOSTNAME.test(text) &&
    Buffer.byteLength(text) <= 255 &&
    text.split('.').every((label) => Buffer.byteLength(label) <= 63)
  )
}

const HOSTNAME =
  /^([a-zA-Z0-9\p{S}\p{L}](-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|([a-zA-Z0-9\p{S}\p{L}]([-a-zA-Z0-9\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u

/** A hardware address of 6, 8 or 20 bytes. */
function isMac(text: string): boolean {
  const hex = text.replaceAll(/[:.-]/g, '')
  const isSpelled =
    /^[0-9a-f]{2}(([:-])[0-9a-f]{2}(\2[0-9a-f]{2})*)$/i.test(text) ||
    /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i.test(text) ||
    /^[0-9a-f]+$/i.test(text)
  return isSpelled && [12, 16, 40].includes(hex.length)
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[\t\n\f\r -]/g, '')
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  const sum = Array.from(digits).reduce(
    (all, digit, i) => all + (i + 1) * (digit === 'X' ? 10 : Number(digit)),
    0,
  )
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[\t\n\f\r -]/g, '')
  if (!/^\d{13}$/.test(digits)) return false
  return (
    Array.from(digits).reduce((sum, digit, i) => sum + (i % 2 === 0 ? 1 : 3) * Number(digit), 0) % 10 === 0
  )
}

function isCreditCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '')
  const isIssued =
    /^(4\d{12}(\d{3})?|5[1-5]\d{14}|6(011|5\d\d)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|(2131|1800|35\d{3})\d{11})$/.test(
      digits,
    )
  const sum = Array.from(digits)
    .toReversed()
    .reduce((all, digit, i) => {
      const times = Number(digit) * (i % 2 === 0 ? 1 : 2)
      return all + (times > 9 ? times - 9 : times)
    }, 0)
  return isIssued && sum % 10 === 0
}
