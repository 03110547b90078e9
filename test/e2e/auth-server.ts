/** A registry that asks for credentials: users, a token, and an issuer of service account tokens. */
import { createHash } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { hashSync } from 'bcryptjs'
import { exportJWK, generateKeyPair } from 'jose'
import type { Test } from 'tap'
import { startPushless } from '../support/registry-process.ts'
import { temporaryDirectory } from '../support/scope.ts'

/** Bears the rights to pull and to warm. */
export const TOKEN = 'a-token-of-a-machine'

/** Serves with users, tokens and an issuer. Ends with the test. @param more YAML at the end of the file. */
export async function startGuarded(t: Test, more = '') {
  const directory = await temporaryDirectory(t, 'auth')
  const file = join(directory, 'auth.yaml')
  const key = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(key.publicKey)), kid: 'first', alg: 'RS256' }
  const jwks = join(directory, 'jwks.json')
  await writeFile(jwks, JSON.stringify({ keys: [jwk] }))
  const auth = (password: string) => `
users:
  - {name: ci, password: ${hashSync(password, 4)}, rights: [pull]}
  - {name: nobody, password: ${hashSync('no-right', 4)}, rights: []}
tokens:
  - {name: machine, sha256: ${createHash('sha256').update(TOKEN).digest('hex')}, rights: [pull, warm]}
issuers:
  - issuer: https://kubernetes.default.svc
    audience: pushless
    jwks: ${jwks}
    claims: {sub: "system:serviceaccount:team-a:*"}
    rights: [pull]
anonymous: []
${more}`
  await writeFile(file, auth('secret'))
  const server = await startPushless(t, { args: ['--serve-packages', '--auth', file] })
  const rewrite = async (text: string) => {
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
    await setTimeout(300)
  }
  return { server, rewrite, auth, jwks, key: key.privateKey, directory }
}

/** The header of Basic authentication. */
export const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

export async function ask(url: string, authorization?: string) {
  const answer = await fetch(url, authorization === undefined ? {} : { headers: { authorization } })
  const { status, headers } = answer
  const kept = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
  return { status, headers: Object.fromEntries(kept), body: await answer.text() }
}
