/** Warm manifests a second with a short-lived token, against anonymous ones, in one run. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryUrl, pullManifest } from '../test/e2e/client.ts'
import { startPushless } from '../test/support/registry-process.ts'
import { temporaryDirectory, type Scope } from '../test/support/scope.ts'
import { median, type Figure } from './figure.ts'
import { benchImage } from './image.ts'
import { requestRate } from './request-rate.ts'
import type { Closure } from './start.ts'

const ROUNDS = 5
const TARGET = 0.8
const TOKEN = 'token-of-the-bench'

export async function measureAuth(scope: Scope, closure: Pick<Closure, 'root'>): Promise<readonly Figure[]> {
  const image = await benchImage('one-layer', [closure.root], 1)
  const file = join(await temporaryDirectory(scope, 'auth'), 'auth.yaml')
  const sha256 = createHash('sha256').update(TOKEN).digest('hex')
  await writeFile(
    file,
    `tokens: [{name: bench, sha256: ${sha256}, rights: [pull]}]\nrules: [{subjects: [token:bench], allow: [pull, fetch, build]}]\n`,
  )
  const open = await startPushless(scope)
  const closed = await startPushless(scope, { args: ['--auth', file] })
  const basic = `Basic ${Buffer.from(`bench:${TOKEN}`).toString('base64')}`
  const answer = await fetch(`${closed.url}/token`, { headers: { authorization: basic } })
  const { token } = (await answer.json()) as { readonly token: string }
  await pullManifest(open.url, image)
  const rounds: { readonly anonymous: number; readonly authorised: number }[] = []
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({
      anonymous: await requestRate(`${repositoryUrl(open.url, image)}/manifests/nix`),
      authorised: await requestRate(`${repositoryUrl(closed.url, image)}/manifests/nix`, `Bearer ${token}`),
    })
  const number = median(rounds.map(({ anonymous, authorised }) => authorised / anonymous))
  return [
    {
      name: 'warm manifest requests a second, with a token and a rule against anonymous',
      value: `${number.toFixed(2)} x`,
      number,
      target: `>= ${TARGET} x`,
      isMet: number >= TARGET,
      note: `${median(rounds.map((one) => one.authorised)).toFixed(0)} a second against ${median(rounds.map((one) => one.anonymous)).toFixed(0)}`,
    },
  ]
}
