/**
 * What the fake daemon and the real one must answer alike, so that no other test rests on a fake that nobody checked.
 */
import { writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { parseStoreHash, type StorePath } from '../../src/core/nix/store-path.ts'
import { NixConnection, type Request } from '../../src/store/daemon/connection.ts'
import * as operations from '../../src/store/daemon/operations.ts'
import { EMBEDDED_COMMAND, processTransport, type Transport } from '../../src/store/daemon/transport.ts'
import { WireReader, WireWriter } from '../../src/store/daemon/wire.ts'
import { CODE, type FakePath } from './fake-daemon.ts'
import { makeStorePath, nixStoreQuery, withoutNix } from './real-store.ts'
import { ABSENT_PATH, PATHS, VALID, fakeWith } from './one-path-daemon.ts'

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
  t.equal(await ask(operations.isValidPath(ABSENT_PATH)), false)
  t.equal(await ask(operations.queryPathFromHashPart(hash)), valid)
  t.equal(await ask(operations.queryPathFromHashPart(nobodys)), undefined)
  t.match(await ask(operations.queryPathInfo(valid)), { path: valid, ...info })
  t.equal(await ask(operations.queryPathInfo(ABSENT_PATH)), undefined)
  t.strictSame(await ask(operations.queryValidPaths([ABSENT_PATH, valid])), [valid])
  t.strictSame(await ask(operations.queryValidDerivers(ABSENT_PATH)), [])
  const missing = await ask(
    operations.queryMissing([
      { kind: 'fetch', path: valid },
      { kind: 'fetch', path: ABSENT_PATH },
    ]),
  )
  t.strictSame(missing, {
    willBuild: [],
    willSubstitute: [],
    unknown: [ABSENT_PATH],
    downloadSize: 0,
    narSize: 0,
  })
  await ask(operations.addTempRoot(ABSENT_PATH))
  await ask(operations.ensurePath(valid))
  await t.rejects(ask(operations.ensurePath(ABSENT_PATH)), {
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
