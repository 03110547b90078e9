import { setImmediate } from 'node:timers/promises'
import { Socket } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import { loopTurn, registerLoopTurn } from '../../../src/http/connection/loop-turn.ts'

/** As many pieces as a server with a hundred downloads has at once. */
function takeTurns(count: number): () => number {
  let done = 0
  for (let i = 0; i < count; i++) void loopTurn().then(() => (done += 1))
  return () => done
}

void t.test('a turn has a few pieces, and all get theirs', async (t) => {
  const done = takeTurns(100)
  let most = 0
  for (let before = 0; done() < 100; before = done()) {
    await setImmediate()
    most = Math.max(most, done() - before)
  }
  t.ok(most > 1 && most < 50, `${most} pieces in a turn at most`)
})

void t.test('while clients connect, turns are theirs, and the pieces have some all the same', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  registerLoopTurn(app)
  const done = takeTurns(100)
  const start = performance.now()
  let turns = 0
  let turnsWithPieces = 0
  for (let before = done(); done() < 100; before = done()) {
    app.server.emit('connection', new Socket())
    await setImmediate()
    turns += 1
    if (done() > before) turnsWithPieces += 1
  }
  t.ok(turnsWithPieces <= turns / 10, `${turnsWithPieces} of ${turns} turns had pieces`)
  t.ok(performance.now() - start < 5_000, 'and nobody waits for the end of it')
})

void t.test('beside many pieces a request waits for a few turns at most, and a probe for none', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  registerLoopTurn(app)
  app.get('/probed', { config: { isForProbes: true } }, async () => 'ok')
  app.get('/asked', async () => 'ok')
  await app.ready()
  const done = takeTurns(1_000)
  await app.inject('/probed')
  const atProbe = done()
  await app.inject('/asked')
  t.ok(atProbe < 100, `${atProbe} of 1,000 pieces went before the probe`)
  t.ok(done() < 300, `${done()} of 1,000 pieces went before the request`)
  for (let before = done(); before < 1_000; before = done()) await setImmediate()
})

void t.test('requests that come all at once begin a few at a time', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  registerLoopTurn(app)
  const begun: string[] = []
  app.get('/asked', async ({ id }) => {
    begun.push(id)
    return 'ok'
  })
  await app.ready()
  const answers = Promise.all(Array.from({ length: 100 }, () => app.inject('/asked')))
  let most = 0
  for (let before = 0; before < 100;) {
    await setImmediate()
    most = Math.max(most, begun.length - before)
    before = begun.length
  }
  // Those that begin at once, and those of the turn after them.
  t.ok(most <= 32, `${most} requests in a turn at most`)
  await answers
})
