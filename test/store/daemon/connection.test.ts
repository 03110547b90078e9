/** The client against a fake daemon, which answers as the real one does: `daemon-conformance.test.ts` sees to it. */
import t from 'tap'
import { NixConnection } from '../../../src/store/daemon/connection.ts'
import type { StoreEvent } from '../../../src/store/store.ts'
import * as operations from '../../../src/store/daemon/operations.ts'
import { WireWriter } from '../../../src/store/daemon/wire.ts'
import { CODE, errorMessage, fakeDaemon, greeting, playback } from '../../nix/fake-daemon.ts'
import { PATHS, VALID, fakeWith } from '../../nix/one-path-daemon.ts'

void t.test('the newest protocol that both speak decides what is read', async (t) => {
  // 1.35 says whether it trusts us, 1.34 doesn't; 1.38 does too, since we offer 1.35.
  for (const minor of [34, 35, 38]) {
    const valid = new WireWriter().number(CODE.last).number(1).bytes()
    const bytes = Buffer.concat([greeting({ major: 1, minor }, `2.${minor}`), valid])
    const connection = await NixConnection.open(playback(bytes))
    t.equal(connection.version, `2.${minor}`)
    t.equal(await connection.request(operations.isValidPath(VALID)), true, `1.${minor}`)
  }
})

void t.test('a daemon of an unknown protocol is refused, and closed', async (t) => {
  for (const [what, bytes, message] of [
    [
      'a daemon of 1.33',
      greeting({ major: 1, minor: 33 }, '2.7'),
      /protocol 1\.33 .* 1\.34 \(Nix 2\.8\) or later/,
    ],
    ['a daemon of 1.10', greeting({ major: 1, minor: 10 }, '1.0'), /protocol 1\.10/],
    ['a daemon of 2.35', greeting({ major: 2, minor: 35 }, '3.0'), /protocol 2\.35/],
    ['another server', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /no Nix daemon|out of range/],
    ['a client', new WireWriter().number(CODE.clientMagic).number(0x123).bytes(), /no Nix daemon/],
    ['one that hangs up', new Uint8Array(), /the connection ended/],
    [
      'one that refuses us',
      Buffer.concat([
        greeting({ major: 1, minor: 35 }, '2.9').subarray(0, -8),
        errorMessage('user is not allowed'),
      ]),
      /user is not allowed/,
    ],
  ] as const) {
    const duplex = playback(bytes)
    await t.rejects(NixConnection.open(duplex), { name: 'ConnectionError', message }, what)
    t.equal(duplex.wasClosed(), true, `${what}: closed`)
  }
})

void t.test('the last words of the other side are in the error', async (t) => {
  await t.rejects(NixConnection.open(playback(new Uint8Array(), 'error: disk full')), {
    name: 'ConnectionError',
    message: 'worker protocol: the connection ended: error: disk full',
  })
})

void t.test('a connection cut at any byte is an error, never a wait', async (t) => {
  const reply = new WireWriter()
    .number(CODE.next)
    .string('line')
    .number(CODE.last)
    .number(1)
    .string('')
    .string('a'.repeat(64))
    .strings([VALID])
    .number(0)
    .number(120)
    .number(0)
    .strings([])
    .string('')
    .bytes()
  const whole = Buffer.concat([greeting({ major: 1, minor: 35 }, '2.9'), reply])
  t.match(await ask(whole), { path: VALID, ...PATHS.get(VALID) })
  const wrong = []
  for (let length = 0; length < whole.length; length++) {
    const error: unknown = await ask(whole.subarray(0, length)).then(
      () => 'an answer',
      (failed: unknown) => failed,
    )
    if (!(error instanceof Error && error.name === 'ConnectionError')) wrong.push({ length, error })
  }
  t.strictSame(wrong, [])
})

void t.test('log lines reach whoever asked, in order, before the answer', async (t) => {
  const DRV = '/nix/store/bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x.drv'
  const messages = new WireWriter()
    .number(CODE.next)
    .string('a line of the daemon\n')
    .number(CODE.startActivity)
    .number(5)
    .number(0)
    .number(105)
    .string('building')
    .number(1)
    .number(1)
    .string(DRV)
    .number(0)
    .number(CODE.result)
    .number(5)
    .number(101)
    .number(1)
    .number(1)
    .string('a line of the builder')
    .bytes()
  const connection = await NixConnection.open(await fakeDaemon({ paths: PATHS, messages }).open())
  t.teardown(() => connection.close())
  const events: StoreEvent[] = []
  t.equal(await connection.request(operations.isValidPath(VALID), (event) => events.push(event)), true)
  t.strictSame(events, [
    { kind: 'log', line: 'a line of the daemon', derivation: undefined },
    { kind: 'building', derivation: DRV },
    { kind: 'log', line: 'a line of the builder', derivation: DRV },
  ])
})

void t.test('a listener that throws ends the connection, whose place is lost', async (t) => {
  const messages = new WireWriter().number(CODE.next).string('line').bytes()
  const connection = await NixConnection.open(await fakeDaemon({ messages }).open())
  await t.rejects(connection.request(operations.isValidPath(VALID), fail), /listener/)
  t.equal(connection.isOpen, false)
})

void t.test('an abort ends the request and the connection', async (t) => {
  const never = fakeDaemon({ delay: () => new Promise(() => undefined) })
  const connection = await NixConnection.open(await never.open())
  const controller = new AbortController()
  const asked = connection.request(operations.isValidPath(VALID), undefined, controller.signal)
  controller.abort()
  await t.rejects(asked, { name: 'ConnectionError' })
  t.equal(connection.isOpen, false)
  t.strictSame(never.connections, [{ closed: true }])

  const other = await NixConnection.open(await fakeWith(35).open())
  await t.rejects(other.request(operations.isValidPath(VALID), undefined, AbortSignal.abort()), {
    name: 'ConnectionError',
  })
})

void t.test('questions in one piece get their replies in order, and a refusal loses no place', async (t) => {
  const refused = errorMessage('no')
  const questions = [1, 2, 3].map(() => operations.isValidPath(VALID))
  const askIn = async (...replies: readonly Uint8Array[]) => {
    const connection = await NixConnection.open(
      playback(Buffer.concat([greeting({ major: 1, minor: 35 }, '2.9'), ...replies])),
    )
    const result = await connection.ask(questions, 1_000).catch((error: unknown) => String(error))
    return { result, isOpen: connection.isOpen }
  }
  t.strictSame(await askIn(valid(1), valid(0), valid(1)), { result: [true, false, true], isOpen: true })
  t.strictSame(await askIn(valid(1), valid(0), refused), { result: 'NixError: no', isOpen: true })
  // The last reply would be taken for that of the next question.
  t.strictSame(await askIn(valid(1), refused, valid(1)), { result: 'NixError: no', isOpen: false })
})

void t.test('a daemon that does not answer in time loses the connection', async (t) => {
  const never = fakeDaemon({ delay: () => new Promise(() => undefined) })
  const connection = await NixConnection.open(await never.open())
  await t.rejects(connection.ask([operations.isValidPath(VALID)], 20), { name: 'ConnectionError' })
  t.equal(connection.isOpen, false)
  t.strictSame(never.connections, [{ closed: true }])
})

/** The reply to whether a path is valid. */
function valid(is: number): Uint8Array {
  return new WireWriter().number(CODE.last).number(is).bytes()
}

/** What is answered to a question about a path, by these bytes alone. */
async function ask(bytes: Uint8Array) {
  const connection = await NixConnection.open(playback(bytes))
  return connection.request(operations.queryPathInfo(VALID)).catch((error: unknown) => {
    if (connection.isOpen) throw new Error('still open', { cause: error })
    throw error
  })
}

function fail(): never {
  throw new Error('listener')
}
