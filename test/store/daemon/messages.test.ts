import t from 'tap'
import { plainText, readMessages } from '../../../src/store/daemon/messages.ts'
import { WireReader, WireWriter } from '../../../src/store/daemon/wire.ts'
import { CODE, errorMessage } from '../../nix/fake-daemon.ts'
import type { StoreEvent } from '../../../src/store/store.ts'

const MINOR = 35
const BUILD = 105
const SUBSTITUTE = 108
const DRV = '/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-hello.drv'
const BUILD_LOG_LINE = 101
const POST_BUILD_LOG_LINE = 107
const PROGRESS = 105

const out = () => new WireWriter()
const last = out().number(CODE.last).bytes()
const line = (text: string) => out().number(CODE.next).string(text).bytes()

function startActivity(id: number, type: number, fields: readonly (string | number)[]): Uint8Array {
  const message = out().number(CODE.startActivity).number(id).number(3).number(type).string('for people')
  return withFields(message, fields).number(0).bytes()
}

function result(id: number, type: number, fields: readonly (string | number)[]): Uint8Array {
  return withFields(out().number(CODE.result).number(id).number(type), fields).bytes()
}

function withFields(message: WireWriter, fields: readonly (string | number)[]): WireWriter {
  message.number(fields.length)
  for (const field of fields) {
    if (typeof field === 'number') message.number(0).number(field)
    else message.number(1).string(field)
  }
  return message
}

async function read(...messages: readonly Uint8Array[]): Promise<StoreEvent[]> {
  const events: StoreEvent[] = []
  const wire = new WireReader(
    (async function* () {
      yield* messages
    })(),
  )
  await readMessages(wire, MINOR, (event) => events.push(event))
  return events
}

void t.test('messages that become events', async (t) => {
  for (const [what, messages, expected] of [
    ['nothing', [], []],
    [
      'a line of the daemon',
      [line('copying path\n')],
      [{ kind: 'log', line: 'copying path', derivation: undefined }],
    ],
    [
      'several lines at once',
      [line('one\ntwo\n')],
      [
        { kind: 'log', line: 'one', derivation: undefined },
        { kind: 'log', line: 'two', derivation: undefined },
      ],
    ],
    [
      'colours are left out',
      [line('\u001b[31;1merror:\u001b[0m no')],
      [{ kind: 'log', line: 'error: no', derivation: undefined }],
    ],
    ['data for a client that asked for some', [out().number(CODE.write).string('data').bytes()], []],
    [
      'the start of a build',
      [startActivity(7, BUILD, [DRV, '', 1, 1])],
      [{ kind: 'building', derivation: DRV }],
    ],
    [
      'the start of a substitution',
      [startActivity(7, SUBSTITUTE, ['/nix/store/x', 'https://cache'])],
      [{ kind: 'substituting', path: '/nix/store/x', cache: 'https://cache' }],
    ],
    [
      'the start of a build on another machine',
      [startActivity(7, BUILD, [DRV, 'ssh-ng://builder', 1, 1])],
      [{ kind: 'building', derivation: DRV, machine: 'ssh-ng://builder' }],
    ],
    ['other activities', [startActivity(7, 100, []), startActivity(8, BUILD, [3])], []],
    [
      'a line of a builder, with its derivation',
      [startActivity(7, BUILD, [DRV]), result(7, BUILD_LOG_LINE, ['make'])],
      [
        { kind: 'building', derivation: DRV },
        { kind: 'log', line: 'make', derivation: DRV },
      ],
    ],
    [
      'a line of a builder that nobody announced',
      [result(7, BUILD_LOG_LINE, ['make'])],
      [{ kind: 'log', line: 'make', derivation: undefined }],
    ],
    [
      'a line of the post-build hook',
      [result(7, POST_BUILD_LOG_LINE, ['uploading'])],
      [{ kind: 'log', line: 'uploading', derivation: undefined }],
    ],
    [
      'a line after the build ended',
      [
        startActivity(7, BUILD, [DRV]),
        out().number(CODE.stopActivity).number(7).bytes(),
        result(7, BUILD_LOG_LINE, ['late']),
      ],
      [
        { kind: 'building', derivation: DRV },
        { kind: 'log', line: 'late', derivation: undefined },
      ],
    ],
    [
      'progress',
      [result(7, PROGRESS, [1, 2, 0, 0]), result(7, BUILD_LOG_LINE, [5]), result(7, BUILD_LOG_LINE, [])],
      [],
    ],
  ] as const) {
    t.strictSame(await read(...messages, last), expected, what)
  }
})

void t.test('two builds at once keep their lines apart', async (t) => {
  const other = DRV.replace('hello', 'other')
  const events = await read(
    startActivity(1, BUILD, [DRV]),
    startActivity(2, BUILD, [other]),
    result(2, BUILD_LOG_LINE, ['b']),
    result(1, BUILD_LOG_LINE, ['a']),
    last,
  )
  t.strictSame(events.slice(2), [
    { kind: 'log', line: 'b', derivation: other },
    { kind: 'log', line: 'a', derivation: DRV },
  ])
})

void t.test('bytes behind the last message are left for the reply', async (t) => {
  const wire = new WireReader(
    (async function* () {
      yield Buffer.concat([last, out().string('reply').bytes()])
    })(),
  )
  await readMessages(wire, MINOR, () => undefined)
  t.equal(await wire.string(), 'reply')
})

void t.test('an error is thrown with its text, after the lines before it', async (t) => {
  const events: StoreEvent[] = []
  const wire = new WireReader(
    (async function* () {
      yield line('building')
      yield errorMessage('\u001b[31mbuild failed\u001b[0m\n', ['while evaluating', 'while calling'])
      yield out().string('next').bytes()
    })(),
  )
  await t.rejects(
    readMessages(wire, MINOR, (event) => events.push(event)),
    { name: 'NixError', message: 'build failed' },
  )
  t.equal(events.length, 1)
  t.equal(await wire.string(), 'next', 'and the connection stands where the next request begins')
})

void t.test('a message of an unknown kind is an error: nothing after it could be read', async (t) => {
  await t.rejects(read(out().number(0x1234).bytes(), last), /unknown message 0x1234/)
})

void t.test('text without colours, passwords and line end', async (t) => {
  for (const [text, expected] of [
    ['', ''],
    ['plain', 'plain'],
    ['line\n', 'line'],
    ['two\n\n', 'two\n'],
    ['\u001b[1mbold\u001b[0m and \u001b[38;5;1mred\u001b[m', 'bold and red'],
    ['\u001b[2Kcleared', 'cleared'],
    [
      'from https://me:secret@cache:80/x and http://host:80/',
      'from https://me:\u2026@cache:80/x and http://host:80/',
    ],
  ] as const) {
    t.equal(plainText(text), expected, JSON.stringify(text))
  }
})
