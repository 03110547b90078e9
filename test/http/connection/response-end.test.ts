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
