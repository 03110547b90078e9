import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify from 'fastify'
import t from 'tap'
import { registerErrors } from '../../src/http/errors.ts'
import { demandToken, readToken } from '../../src/http/token.ts'

const TOKEN = 'f6a1c30b9d5e47a2'
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`

async function answerTo(authorization: string | undefined, token: string | undefined) {
  const app = Fastify()
  registerErrors(app)
  app.get('/', async (request) => {
    demandToken(request, token)
    return 'done'
  })
  return app.inject({ url: '/', headers: authorization === undefined ? {} : { authorization } })
}

void t.test('what bears the token passes', async (t) => {
  for (const authorization of [
    `Bearer ${TOKEN}`,
    `bearer ${TOKEN}`,
    basic(`anybody:${TOKEN}`),
    basic(`:${TOKEN}`),
  ])
    t.equal((await answerTo(authorization, TOKEN)).statusCode, 200, authorization)
})

void t.test('anything else is asked for it', async (t) => {
  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer  ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    basic(TOKEN),
    basic(`${TOKEN}:`),
    `Digest ${TOKEN}`,
    `Bearer ${TOKEN} ${TOKEN}`,
  ]) {
    const { statusCode, headers, body } = await answerTo(authorization, TOKEN)
    t.equal(statusCode, 401, String(authorization))
    t.match(headers['www-authenticate'], /^Basic realm=/)
    t.match(body, 'UNAUTHORIZED')
    t.notMatch(body, TOKEN)
  }
})

void t.test('without a token nobody passes', async (t) => {
  for (const authorization of [undefined, 'Bearer undefined', 'Bearer ', basic('a:')])
    t.equal((await answerTo(authorization, undefined)).statusCode, 401, String(authorization))
})

void t.test('the token file', async (t) => {
  const file = join(t.testdir(), 'token')
  t.equal(readToken(''), undefined, 'may be absent')
  await writeFile(file, `${TOKEN}\n`)
  t.equal(readToken(file), TOKEN)
  for (const bad of ['', 'short', `${TOKEN} ${TOKEN}`]) {
    await writeFile(file, bad)
    t.throws(() => readToken(file), { kind: 'unavailable', message: new RegExp(file) }, bad)
  }
  t.throws(() => readToken(`${file}s`), { kind: 'unavailable', message: /cannot be read/ })
})
