import Fastify from 'fastify'
import t from 'tap'
import { registerErrors } from '../../../src/http/errors.ts'
import { demandToken, tokenOf } from '../../../src/http/access/token.ts'

const TOKEN = 'f6a1c30b9d5e47a2'
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`

async function answerTo(authorization: string | undefined, token: string | undefined) {
  const app = Fastify()
  registerErrors(app)
  app.get('/', async (request) => {
    demandToken(request, token === undefined ? undefined : tokenOf(() => token))
    return 'done'
  })
  return app.inject({ url: '/', headers: authorization === undefined ? {} : { authorization } })
}

void t.test('a request with the token passes', async (t) => {
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

void t.test('guesses are slowed by address, and the right token of others isn’t', async (t) => {
  const token = tokenOf(() => TOKEN)
  const app = Fastify()
  registerErrors(app)
  app.get('/', async (request) => {
    demandToken(request, token)
    return 'done'
  })
  const ask = async (given: string, remoteAddress: string) =>
    app.inject({ url: '/', remoteAddress, headers: { authorization: `Bearer ${given}` } })
  const statuses = new Map<number, number>()
  const begun = performance.now()
  for (let i = 0; i < 300; i++) {
    const { statusCode, headers } = await ask(`guess-${i}`, '192.0.2.1')
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
    if (statusCode === 429) t.match(headers['retry-after'], /^[1-3]$/)
  }
  // Ten at once, and one more every three seconds.
  const most = 11 + Math.floor((performance.now() - begun) / 3000)
  t.ok((statuses.get(401) ?? 0) <= most, `${statuses.get(401)} of 300 guesses compared`)
  t.equal(statuses.get(429), 300 - (statuses.get(401) ?? 0))
  t.equal((await ask(TOKEN, '192.0.2.1')).statusCode, 429, 'not even the right one is compared')
  t.equal((await ask(TOKEN, '192.0.2.2')).statusCode, 200, 'another address isn’t hurt')
  t.equal(
    (await app.inject({ url: '/', remoteAddress: '192.0.2.1' })).statusCode,
    401,
    'no token is no guess',
  )
})
