import t from 'tap'
import type { Request } from '../../../src/store/daemon/connection.ts'
import * as operations from '../../../src/store/daemon/operations.ts'
import { WireReader, WireWriter } from '../../../src/store/daemon/wire.ts'
import { storePath } from '../../store-path.ts'

const DRV = storePath('aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x.drv')
const OUT = storePath('bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x')

const out = () => new WireWriter()

function written(request: Request<unknown>): string {
  const writer = out()
  request.write(writer)
  return Buffer.from(writer.bytes()).toString('hex')
}

async function answered<T>(request: Request<T>, reply: WireWriter): Promise<T> {
  const wire = new WireReader(
    (async function* () {
      yield reply.string('what follows').bytes()
    })(),
  )
  const value = await request.read(wire)
  if ((await wire.string()) !== 'what follows') throw new Error('read too much or too little')
  return value
}

void t.test('requests as bytes', async (t) => {
  const hash = OUT.slice(11, 43) as Parameters<typeof operations.queryPathFromHashPart>[0]
  for (const [what, request, expected] of [
    ['isValidPath', operations.isValidPath(OUT), out().number(1).string(OUT)],
    ['ensurePath', operations.ensurePath(OUT), out().number(10).string(OUT)],
    ['addTempRoot', operations.addTempRoot(OUT), out().number(11).string(OUT)],
    ['queryPathInfo', operations.queryPathInfo(OUT), out().number(26).string(OUT)],
    ['queryPathFromHashPart', operations.queryPathFromHashPart(hash), out().number(29).string(hash)],
    [
      'queryValidPaths, substituting none',
      operations.queryValidPaths([OUT]),
      out().number(31).strings([OUT]).number(0),
    ],
    ['queryValidDerivers', operations.queryValidDerivers(OUT), out().number(33).string(OUT)],
    [
      'queryMissing',
      operations.queryMissing([
        { kind: 'fetch', path: OUT },
        { kind: 'build', derivation: DRV, output: 'dev' },
      ]),
      out()
        .number(40)
        .strings([OUT, `${DRV}!dev`]),
    ],
    ['queryDerivationOutputMap', operations.queryDerivationOutputMap(DRV), out().number(41).string(DRV)],
    [
      'buildPathsWithResults, in normal mode',
      operations.buildPathsWithResults([{ kind: 'build', derivation: DRV, output: 'out' }]),
      out()
        .number(46)
        .strings([`${DRV}!out`])
        .number(0),
    ],
  ] as const) {
    t.equal(written(request), Buffer.from(expected.bytes()).toString('hex'), what)
  }
})

void t.test('replies as values', async (t) => {
  t.equal(await answered(operations.isValidPath(OUT), out().number(1)), true)
  t.equal(await answered(operations.isValidPath(OUT), out().number(0)), false)
  t.equal(await answered(operations.ensurePath(OUT), out().number(1)), undefined)
  t.equal(await answered(operations.queryPathInfo(OUT), out().number(0)), undefined)
  t.strictSame(
    await answered(
      operations.queryPathInfo(OUT),
      out()
        .number(1)
        .string(DRV)
        .string('ab')
        .strings([OUT, DRV])
        // Times may be anything.
        .number(2n ** 64n - 1n)
        .number(7)
        .number(1)
        .strings(['key:signature'])
        .string('fixed:r:sha256:x'),
    ),
    {
      path: OUT,
      narHash: 'ab',
      narSize: 7,
      references: [OUT, DRV],
      deriver: DRV,
      isBuiltHere: true,
      signatures: ['key:signature'],
      contentAddress: 'fixed:r:sha256:x',
    },
  )
  const hash = OUT.slice(11, 43) as Parameters<typeof operations.queryPathFromHashPart>[0]
  t.equal(await answered(operations.queryPathFromHashPart(hash), out().string(OUT)), OUT)
  t.equal(await answered(operations.queryPathFromHashPart(hash), out().string('')), undefined)
  t.strictSame(await answered(operations.queryValidPaths([OUT]), out().strings([OUT, 'nonsense'])), [OUT])
  t.strictSame(
    await answered(
      operations.queryMissing([{ kind: 'fetch', path: OUT }]),
      out().strings([DRV]).strings([OUT]).strings([]).number(10).number(20),
    ),
    { willBuild: [DRV], willSubstitute: [OUT], unknown: [], downloadSize: 10, narSize: 20 },
  )
  const outputs = out().number(2).string('out').string(OUT).string('dev').string('')
  t.strictSame(
    await answered(operations.queryDerivationOutputMap(DRV), outputs),
    new Map([
      ['out', OUT],
      ['dev', undefined],
    ]),
  )
})

void t.test('how a build ended', async (t) => {
  for (const [code, expected] of [
    [0, { kind: 'done' }],
    [1, { kind: 'done' }],
    [2, { kind: 'done' }],
    [3, { kind: 'failed', status: 'PermanentFailure', message: 'why' }],
    [4, { kind: 'failed', status: 'InputRejected', message: 'why' }],
    [5, { kind: 'failed', status: 'OutputRejected', message: 'why' }],
    [6, { kind: 'failed', status: 'TransientFailure', message: 'why' }],
    [7, { kind: 'failed', status: 'CachedFailure', message: 'why' }],
    [8, { kind: 'failed', status: 'TimedOut', message: 'why' }],
    [9, { kind: 'failed', status: 'MiscFailure', message: 'why' }],
    [10, { kind: 'failed', status: 'DependencyFailed', message: 'why' }],
    [11, { kind: 'failed', status: 'LogLimitExceeded', message: 'why' }],
    [12, { kind: 'failed', status: 'NotDeterministic', message: 'why' }],
    [13, { kind: 'done' }],
    [14, { kind: 'failed', status: 'NoSubstituters', message: 'why' }],
    [99, { kind: 'failed', status: 'status 99', message: 'why' }],
  ] as const) {
    const reply = out()
      .number(1)
      .string(`${DRV}!out`)
      .number(code)
      .string('\u001b[31mwhy\u001b[0m\n')
      .number(1)
      .number(0)
      .number(2n ** 64n - 1n)
      .number(0)
      .number(1)
      .string('sha256:x!out')
      .string('{}')
    const [outcome] = await answered(
      operations.buildPathsWithResults([{ kind: 'build', derivation: DRV, output: 'out' }]),
      reply,
    )
    t.strictSame(outcome, expected, `status ${code}`)
  }
})
