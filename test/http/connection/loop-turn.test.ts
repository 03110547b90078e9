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
