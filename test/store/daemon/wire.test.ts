import t from 'tap'
import { WireReader, WireWriter } from '../../../src/store/daemon/wire.ts'

async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

function reader(...parts: readonly Uint8Array[]): WireReader {
  return new WireReader(chunks(...parts))
}

const number = (value: number | bigint) => new WireWriter().number(value).bytes()

void t.test('the bytes of numbers and strings', async (t) => {
  for (const [what, writer, hex] of [
    ['zero', new WireWriter().number(0), '0000000000000000'],
    ['a number', new WireWriter().number(0x0123), '2301000000000000'],
    ['the largest number', new WireWriter().number(2n ** 64n - 1n), 'ffffffffffffffff'],
    ['an empty string', new WireWriter().string(''), '0000000000000000'],
    ['a string of 3 bytes', new WireWriter().string('abc'), '03000000000000006162630000000000'],
    ['a string of 8 bytes', new WireWriter().string('abcdefgh'), '08000000000000006162636465666768'],
    ['bytes are counted, not characters', new WireWriter().string('ä'), '0200000000000000c3a4000000000000'],
    ['an empty list', new WireWriter().strings([]), '0000000000000000'],
    [
      'a list',
      new WireWriter().strings(['a', '']),
      '0200000000000000010000000000000061000000000000000000000000000000',
    ],
  ] as const) {
    t.equal(Buffer.from(writer.bytes()).toString('hex'), hex, what)
  }
})

void t.test('values are read back, wherever the chunks are cut', async (t) => {
  const texts = ['', 'a', '12345678', 'größe', 'x'.repeat(100)]
  const bytes = new WireWriter()
    .number(42)
    .strings(texts)
    .number(Number.MAX_SAFE_INTEGER)
    .number(2n ** 64n - 1n)
    .number(1)
    .number(0)
    .string('end')
    .bytes()
  const expected = [42, texts, Number.MAX_SAFE_INTEGER, 2n ** 64n - 1n, true, false, 'end']
  t.strictSame(await readAll(reader(bytes)), expected, 'in one piece')
  const wrong = []
  for (let at = 0; at <= bytes.length; at++) {
    const found = await readAll(reader(bytes.subarray(0, at), bytes.subarray(at)))
    if (JSON.stringify(found, text) !== JSON.stringify(expected, text)) wrong.push(at)
  }
  t.strictSame(wrong, [], 'in two')
  const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
  t.strictSame(await readAll(reader(...single)), expected, 'byte by byte')
})

void t.test('a stream that ends too soon is an error, wherever it ends', async (t) => {
  const bytes = new WireWriter().string('hello').bytes()
  for (let length = 0; length < bytes.length; length++) {
    await t.rejects(reader(bytes.subarray(0, length)).string(), /ended/, `${length} bytes`)
  }
})

void t.test('a stream that fails is an error', async (t) => {
  const failing = (async function* () {
    yield number(1)
    throw new Error('reset')
  })()
  const wire = new WireReader(failing)
  t.equal(await wire.number(), 1)
  await t.rejects(wire.number(), /reset/)
})

void t.test('absurd lengths are refused before anything is read or reserved', async (t) => {
  const endless = (async function* (): AsyncGenerator<Uint8Array, void, void> {
    for (;;) yield Buffer.alloc(64 * 1024, 1)
  })()
  t.teardown(() => endless.return(undefined))
  for (const [what, length, read] of [
    ['a string of 256 MiB and a byte', 256 * 1024 * 1024 + 1, (wire: WireReader) => wire.string()],
    ['a string of 2^53 bytes', 2n ** 53n, (wire: WireReader) => wire.string()],
    ['a string of 2^64 - 1 bytes', 2n ** 64n - 1n, (wire: WireReader) => wire.string()],
    ['a list of 16 Mi items and one', 16 * 1024 * 1024 + 1, (wire: WireReader) => wire.strings()],
    ['a number beyond what is exact', 2n ** 53n, (wire: WireReader) => wire.number()],
  ] as const) {
    const source = (async function* () {
      yield number(length)
      yield* endless
    })()
    const reading: Promise<unknown> = read(new WireReader(source))
    await t.rejects(reading, /worker protocol/, what)
  }
})

/** As the test above writes it. */
async function readAll(wire: WireReader): Promise<unknown[]> {
  return [
    await wire.number(),
    await wire.strings(),
    await wire.number(),
    await wire.bigint(),
    await wire.boolean(),
    await wire.boolean(),
    await wire.string(),
  ]
}

/** JSON has no bigint. */
function text(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

void t.test('a long text keeps its head, and the next value is still found', async (t) => {
  const long = `${'x'.repeat(64 * 1024)}${'y'.repeat(200_000)}z`
  const bytes = new WireWriter().string('short').string(long).string('after').bytes()
  for (const size of [7, 8192, bytes.length]) {
    const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    const wire = reader(...parts)
    t.equal(await wire.text(), 'short')
    const text = await wire.text()
    t.equal(text, `${'x'.repeat(64 * 1024)} … (200001 more bytes)`, `in parts of ${size} bytes`)
    t.equal(await wire.string(), 'after')
  }
})
