import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { addTempRoot, ensurePath, isValidPath } from '../../../src/store/daemon/operations.ts'
import { NixPool } from '../../../src/store/daemon/pool.ts'
import type { Transport } from '../../../src/store/daemon/transport.ts'
import { fakeDaemon, playback } from '../../nix/fake-daemon.ts'
import { storePath } from '../../store-path.ts'

const PATH = storePath('aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x')
const PATHS = new Map([[PATH, { narHash: '', narSize: 0, references: [] }]])
const OPEN = { closed: false }
const CLOSED = { closed: true }
const ignore = () => undefined

function poolOf(t: { teardown: (end: () => void) => void }, transport: Transport): NixPool {
  const pool = new NixPool(transport)
  t.teardown(() => pool.close())
  return pool
}

void t.test('questions share one connection', async (t) => {
  const daemon = fakeDaemon({ paths: PATHS, delay: setImmediate })
  const pool = poolOf(t, daemon)
  t.equal(pool.name, 'fake')
  const answers = await Promise.all(Array.from({ length: 50 }, () => pool.query(isValidPath(PATH))))
  t.ok(answers.every((answer) => answer))
  t.strictSame(daemon.connections, [OPEN])
})

void t.test('connecting beforehand opens the connection that the first question uses', async (t) => {
  const daemon = fakeDaemon({ paths: PATHS, version: '2.18.1' })
  const pool = poolOf(t, daemon)
  t.equal(await pool.connect(), '2.18.1')
  t.equal(await pool.connect(), '2.18.1')
  await pool.query(isValidPath(PATH))
  t.strictSame(daemon.connections, [OPEN])
})

void t.test('a kept connection that died is replaced, and the question asked again', async (t) => {
  const daemon = fakeDaemon({ paths: PATHS, requestsPerConnection: 2 })
  const pool = poolOf(t, daemon)
  for (let i = 0; i < 5; i++) t.equal(await pool.query(isValidPath(PATH)), true, `question ${i}`)
  t.strictSame(daemon.connections, [CLOSED, CLOSED, OPEN])
})

void t.test('a new connection that dies is an error: asking for ever helps nobody', async (t) => {
  const daemon = fakeDaemon({ paths: PATHS, requestsPerConnection: 0 })
  const pool = poolOf(t, daemon)
  await t.rejects(pool.query(isValidPath(PATH)), { name: 'ConnectionError' })
  t.strictSame(daemon.connections, [CLOSED])
  await t.rejects(
    pool.query(isValidPath(PATH)),
    { name: 'ConnectionError' },
    'and the next question is asked anew',
  )
  t.equal(daemon.connections.length, 2)
})

void t.test('a refused request isn’t repeated, and its connection is kept', async (t) => {
  const daemon = fakeDaemon({ paths: PATHS })
  const pool = poolOf(t, daemon)
  await t.rejects(pool.query(ensurePath(storePath('bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-y'))), {
    name: 'NixError',
  })
  t.equal(daemon.asked.length, 1)
  await pool.query(isValidPath(PATH))
  t.strictSame(daemon.connections, [OPEN])
})

void t.test('long work has a connection of its own, so that questions don’t wait for it', async (t) => {
  const { promise: done, resolve: finish } = Promise.withResolvers<void>()
  let isWork = true
  const daemon = fakeDaemon({
    paths: PATHS,
    delay: async () => {
      const wait = isWork
      isWork = false
      if (wait) await done
    },
  })
  const pool = poolOf(t, daemon)
  const work = pool.work(ensurePath(PATH), ignore)
  while (daemon.asked.length === 0) await setImmediate()
  t.equal(await pool.query(isValidPath(PATH)), true)
  t.strictSame(daemon.connections, [OPEN, OPEN])
  finish()
  await work
  t.strictSame(daemon.connections, [CLOSED, OPEN], 'closed when the work is over')
})

void t.test('the connection of work that failed is closed too', async (t) => {
  const daemon = fakeDaemon({ paths: PATHS })
  const pool = poolOf(t, daemon)
  await t.rejects(pool.work(ensurePath(storePath('bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-y')), ignore), {
    name: 'NixError',
  })
  t.strictSame(daemon.connections, [CLOSED])
})

void t.test('work can be called off', async (t) => {
  const daemon = fakeDaemon({ delay: () => new Promise(() => undefined) })
  const pool = poolOf(t, daemon)
  const controller = new AbortController()
  const work = pool.work(ensurePath(PATH), ignore, controller.signal)
  while (daemon.asked.length === 0) await setImmediate()
  controller.abort()
  await t.rejects(work, { name: 'ConnectionError' })
  t.strictSame(daemon.connections, [CLOSED])
})

void t.test('a connection of the caller’s own lives until it is released', async (t) => {
  const daemon = fakeDaemon({ paths: PATHS })
  const pool = poolOf(t, daemon)
  const connection = await pool.open()
  await connection.request(addTempRoot(PATH))
  await pool.query(isValidPath(PATH))
  t.strictSame(daemon.connections, [OPEN, OPEN])
  pool.release(connection)
  t.strictSame(daemon.connections, [CLOSED, OPEN])
})

void t.test('closing ends every connection, and what is asked afterwards', async (t) => {
  const daemon = fakeDaemon({ paths: PATHS })
  const pool = poolOf(t, daemon)
  await pool.query(isValidPath(PATH))
  await pool.open()
  pool.close()
  t.strictSame(daemon.connections, [CLOSED, CLOSED])
  await t.rejects(pool.query(isValidPath(PATH)), { name: 'ConnectionError', message: 'shutting down' })
  await t.rejects(pool.work(ensurePath(PATH), ignore), { name: 'ConnectionError' })
  await t.rejects(pool.open(), { name: 'ConnectionError' })
})

void t.test('closing ends a question that waits for its answer', async (t) => {
  const daemon = fakeDaemon({ delay: () => new Promise(() => undefined) })
  const pool = poolOf(t, daemon)
  const asked = pool.query(isValidPath(PATH))
  while (daemon.asked.length === 0) await setImmediate()
  pool.close()
  await t.rejects(asked, { name: 'ConnectionError' })
})

void t.test('a connection that comes about while the pool closes is closed', async (t) => {
  const daemon = fakeDaemon()
  const pool = poolOf(t, daemon)
  const opening = pool.open()
  pool.close()
  await t.rejects(opening, { name: 'ConnectionError', message: 'shutting down' })
  t.strictSame(daemon.connections, [CLOSED])
})

void t.test('a failed connection names its address', async (t) => {
  for (const [what, transport, message] of [
    [
      'refused',
      { name: 'unix:/x', open: () => Promise.reject(new Error('ECONNREFUSED')) },
      'no connection to Nix (unix:/x): ECONNREFUSED',
    ],
    [
      'no daemon',
      { name: 'sh', open: async () => playback(Buffer.alloc(16, 1), 'sh: bad') },
      /no connection to Nix \(sh\): .*: sh: bad$/,
    ],
  ] as const) {
    await t.rejects(poolOf(t, transport).query(isValidPath(PATH)), { name: 'ConnectionError', message }, what)
  }
})
