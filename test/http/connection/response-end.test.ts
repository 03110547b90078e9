import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { atEnd } from '../../../src/http/connection/response-end.ts'

void t.test('everything that waits is done once, in order, by one listener', async (t) => {
  const raw = new ServerResponse(new IncomingMessage(new Socket()))
  const done: number[] = []
  for (let i = 0; i < 20; i++) atEnd(raw, () => done.push(i))
  t.equal(raw.listenerCount('close'), 1)
  t.strictSame(done, [])
  raw.emit('close')
  raw.emit('close')
  t.strictSame(done, [...Array.from({ length: 20 }).keys()])
})

void t.test('a response that is over already', async (t) => {
  const raw = new ServerResponse(new IncomingMessage(new Socket()))
  Object.defineProperty(raw, 'closed', { value: true })
  let ended = 0
  atEnd(raw, () => (ended += 1))
  await Promise.resolve()
  t.equal(ended, 1)
})
