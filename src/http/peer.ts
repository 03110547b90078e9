/** Who asks: whether a request comes from this machine itself, and may therefore see more. */
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/
/** What proxies say of whom they speak for. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK.test(address)
}

/**
 * From this machine by its address, and for nobody else: not through a proxy beside us, nor from a web page that named
 * this machine (DNS rebinding), whose requests bear that page's host.
 */
export function isLocal({ ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>): boolean {
  return isLoopback(ip) && FORWARDED.every((name) => headers[name] === undefined) && isOwnHost(headers.host)
}

function isOwnHost(host: string | undefined): boolean {
  const name = (host ?? 'localhost').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
}
