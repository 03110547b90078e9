/** The measure itself: it must see a server that hangs, one that grows and one that dies. */
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { assertUnharmed, startAttackedServer } from './attacked-server.ts'
import { missing } from './requirement.ts'

const QUIET_MS = 500
const HANG_MS = 600

void t.test('a server that is left alone is unharmed', { skip: missing('nix') }, async (t) => {
  const server = await startAttackedServer(t)
  const figures = await server.during(() => setTimeout(QUIET_MS))
  assertUnharmed(t, 'nothing', figures)
  t.ok(figures.peakResidentBytes > 30e6, 'its memory is seen')
})

void t.test('a server that hangs is seen, and not again afterwards', { skip: missing('nix') }, async (t) => {
  const server = await startAttackedServer(t)
  const hung = await server.during(async () => {
    server.kill('SIGSTOP')
    await setTimeout(HANG_MS)
    server.kill('SIGCONT')
  })
  t.ok(hung.slowestHealthMs > HANG_MS * 0.8, `${hung.slowestHealthMs} ms`)
  t.ok(hung.alive)
  assertUnharmed(t, 'afterwards', await server.during(() => setTimeout(QUIET_MS)))
})

void t.test('a server that dies is seen', { skip: missing('nix') }, async (t) => {
  const server = await startAttackedServer(t)
  const { alive, failures } = await server.during(async () => {
    server.kill('SIGKILL')
    await server.exited
    await setTimeout(QUIET_MS)
  })
  t.notOk(alive)
  t.ok(failures > 0)
})
