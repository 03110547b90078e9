/**
 * The client against a fake daemon and against the real one. What both must answer alike stands in `conformance`, so
 * that nothing else here rests on a fake that nobody checked.
 */
import { writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { parseStoreHash, parseStorePath, type StorePath } from '../../src/core/store-path.ts'
import { NixConnection, type Request } from '../../src/nix/connection.ts'
import type { NixEvent } from '../../src/nix/messages.ts'
import * as operations from '../../src/nix/operations.ts'
import { EMBEDDED_COMMAND, processTransport, type Transport } from '../../src/nix/transport.ts'
import { WireReader, WireWriter } from '../../src/nix/wire.ts'
import { CODE, errorMessage, fakeDaemon, greeting, playback, type FakePath } from './fake-daemon.ts'
import { makeStorePath, nixStoreQuery, withoutNix } from './real-store.ts'

const VALID = path('aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-valid')
const NOBODYS = path('zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-nobody-made-this')
const PATHS = new Map<string, FakePath>([
  [VALID, { narHash: 'a'.repeat(64), narSize: 120, references: [VALID] }],
])
const fakeWith = (minor: number) => fakeDaemon({ protocol: { major: 1, minor }, paths: PATHS })

function path(base: string): StorePath {
  const parsed = parseStorePath(`/nix/store/${base}`)
  if (parsed === undefined) throw new Error(`no store path: ${base}`)
  return parsed
}

/** What every daemon answers of a valid path, and of one that nobody made. */
async function conformance(t: Test, transport: Transport, valid: StorePath, info: FakePath): Promise<void> {
  const connection = await NixConnection.open(await transport.open())
  t.teardown(() => connection.close())
  const ask = <T>(request: Request<T>) => connection.request(request)
  const hash = parseStoreHash(valid.slice(11, 43))
  const nobodys = parseStoreHash('z'.repeat(32))
  if (hash === undefined || nobodys === undefined) throw new Error('no hash')
  t.match(connection.version, /^\d+\.\d+/, 'says its version')
  t.equal(await ask(operations.isValidPath(valid)), true)
  t.equal(await ask(operations.isValidPath(NOBODYS)), false)
  t.equal(await ask(operations.queryPathFromHashPart(hash)), valid)
  t.equal(await ask(operations.queryPathFromHashPart(nobodys)), undefined)
  t.match(await ask(operations.queryPathInfo(valid)), { path: valid, ...info })
  t.equal(await ask(operations.queryPathInfo(NOBODYS)), undefined)
  t.strictSame(await ask(operations.queryValidPaths([NOBODYS, valid])), [valid])
  t.strictSame(await ask(operations.queryValidDerivers(NOBODYS)), [])
  const missing = await ask(operations.queryMissing([{ path: valid }, { path: NOBODYS }]))
  t.strictSame(missing, {
    willBuild: [],
    willSubstitute: [],
    unknown: [NOBODYS],
    downloadSize: 0,
    narSize: 0,
  })
  await ask(operations.addTempRoot(NOBODYS))
  await ask(operations.ensurePath(valid))
  await t.rejects(ask(operations.ensurePath(NOBODYS)), {
    name: 'NixError',
    message: /does not exist|no substituter/,
  })
  t.equal(connection.isOpen, true, 'and can be asked again after an error')
  t.equal(await ask(operations.isValidPath(valid)), true)
  connection.close()
  t.equal(connection.isOpen, false)
  await t.rejects(ask(operations.isValidPath(valid)), { name: 'ConnectionError', message: /closed/ })
}

void t.test('the fake daemon answers like a daemon', async (t) => {
  const info = PATHS.get(VALID)
  if (info === undefined) return
  for (const minor of [34, 35, 38]) {
    await t.test(`of protocol 1.${minor}`, (t) => conformance(t, fakeWith(minor), VALID, info))
  }
})

void t.test('the real daemon does', { skip: withoutNix }, async (t) => {
  const valid = await makeStorePath('unit-connection', (path) => writeFile(path, 'content'))
  const [hash = '', size = ''] = [
    ...(await nixStoreQuery('--hash', valid)),
    ...(await nixStoreQuery('--size', valid)),
  ]
  const daemon = processTransport(EMBEDDED_COMMAND)
  // `nix-store --query` prints the hash in base 32; the protocol has it in hexadecimal.
  const narHash = nixBase32ToHex(hash.replace('sha256:', ''))
  await conformance(t, daemon, valid, { narHash, narSize: Number(size), references: [] })
})

void t.test('the greeting of the fake is that of the real daemon', { skip: withoutNix }, async (t) => {
  const [real, fake] = [await heardFrom(processTransport(EMBEDDED_COMMAND)), await heardFrom(fakeWith(34))]
  t.equal(real.magic, fake.magic)
  t.equal(real.protocol >> 8, fake.protocol >> 8)
  t.match(real.version, /^\d+\.\d+/)
  t.equal(real.end, fake.end)
})

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

void t.test('what can’t be spoken with is refused, and closed', async (t) => {
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
  const ask = async (bytes: Uint8Array) => {
    const connection = await NixConnection.open(playback(bytes))
    return connection.request(operations.queryPathInfo(VALID)).catch((error: unknown) => {
      if (connection.isOpen) throw new Error('still open', { cause: error })
      throw error
    })
  }
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
  const events: NixEvent[] = []
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

function fail(): never {
  throw new Error('listener')
}

/** What a daemon says up to its first wait. */
async function heardFrom(transport: Transport) {
  const { input, output, close } = await transport.open()
  try {
    const wire = new WireReader(input as AsyncIterable<Uint8Array>)
    output.write(new WireWriter().number(CODE.clientMagic).number(0x122).bytes())
    const [magic, protocol] = [await wire.number(), await wire.number()]
    output.write(new WireWriter().number(0).number(0).bytes())
    return { magic, protocol, version: await wire.string(), end: await wire.number() }
  } finally {
    close()
  }
}

/** Nix's base 32 counts from the last character. */
function nixBase32ToHex(text: string): string {
  const value = Array.from(text).reduce(
    (sum, digit) => sum * 32n + BigInt('0123456789abcdfghijklmnpqrsvwxyz'.indexOf(digit)),
    0n,
  )
  return Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed()).toString('hex')
}
