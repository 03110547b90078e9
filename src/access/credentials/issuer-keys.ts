/**
 * The public keys of an issuer: from a file, or from a URL, where they are fetched again when a token names a key that
 * isn't known, at most once in 30 seconds. Keys that were fetched stay while the URL doesn't answer.
 */
import { readFileSync, statSync } from 'node:fs'
import { request } from 'node:https'
import { request as plainRequest, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose'
import { RegistryError } from '../../core/errors/errors.ts'
import { stampOf } from '../../core/file-state.ts'
import { parseJson } from '../../core/json.ts'
import { textAt } from '../../core/json-fields.ts'
import type { IssuerRule } from '../file/read-access-file.ts'

const COOLDOWN_MS = 30_000
/** Keys are fetched anew after this time, so that those an issuer withdrew don't count for ever. */
const MAX_AGE_MS = 600_000
const TIMEOUT_MS = 5_000
const MAX_BYTES = 1_000_000

type Source = Pick<IssuerRule, 'issuer' | 'jwks' | 'ca' | 'tokenFile'>

/** @returns a function that finds the key of a token. It throws what `jose` does, or RegistryError `unavailable`. */
export function issuerKeys(source: Source): JWTVerifyGetKey {
  const { jwks } = source
  if (jwks !== undefined && !/^https?:\/\//.test(jwks)) return fileKeys(jwks)
  let found: Promise<JWTVerifyGetKey> | undefined
  return async (header, token) => {
    found ??= remoteKeys(source).catch((error: unknown) => {
      // Discovery failed, and is tried again.
      found = undefined
      throw error
    })
    return (await found)(header, token)
  }
}

async function remoteKeys(source: Source): Promise<JWTVerifyGetKey> {
  const url = source.jwks ?? (await discover(source))
  return createRemoteJWKSet(new URL(url), {
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: MAX_AGE_MS,
    timeoutDuration: TIMEOUT_MS,
    [customFetch]: async (address) => new Response(await fetchText(address, source)),
  })
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(source: Source): Promise<string> {
  const address = `${source.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const url = textAt(parseJson(await fetchText(address, source)), 'jwks_uri')
  if (url !== undefined && URL.canParse(url)) return url
  throw new RegistryError('unavailable', `${address} has no jwks_uri`)
}

function fileKeys(file: string): JWTVerifyGetKey {
  let stamp = ''
  let keys: JWTVerifyGetKey | undefined
  return async (header, token) => {
    try {
      const now = stampOf(statSync(file, { bigint: true }))
      if (now !== stamp) keys = createLocalJWKSet(JSON.parse(readFileSync(file, 'utf8')) as JSONWebKeySet)
      stamp = now
    } catch (cause) {
      // The last good keys stay.
      if (keys === undefined)
        throw new RegistryError('unavailable', `${file}: cannot be read as keys (JWKS)`, { cause })
    }
    if (keys === undefined) throw new RegistryError('unavailable', `${file}: cannot be read as keys (JWKS)`)
    return keys(header, token)
  }
}

async function fetchText(address: string, { ca, tokenFile }: Source): Promise<string> {
  try {
    const url = new URL(address)
    const sent = (url.protocol === 'https:' ? request : plainRequest)(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        accept: 'application/json',
        ...(tokenFile === undefined
          ? {}
          : { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` }),
      },
      ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }),
    })
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const body = await text(limited(response))
    if (response.statusCode === 200) return body
    throw new Error(`it answers ${response.statusCode}`)
  } catch (cause) {
    throw new RegistryError('unavailable', `the keys of an issuer cannot be fetched: ${address}`, { cause })
  }
}

async function* limited(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`)
    yield chunk
  }
}
