import t from 'tap'
import { LinkRates } from '../../../src/http/pull/link-rates.ts'

const CHUNK = 1024 * 1024

/** Links under a clock of their own. A layer is sent at the pace of its source and of its client. */
function network() {
  let now = 0
  const links = new LinkRates(() => now)
  const send = async (
    address: string,
    isPlain: boolean,
    {
      chunks = 20,
      sourceMs = 0,
      clientMs = 10,
    }: { chunks?: number; sourceMs?: number; clientMs?: number } = {},
  ) => {
    const bytes = new Uint8Array(CHUNK)
    const source = async function* () {
      for (let i = 0; i < chunks; i++) {
        now += sourceMs
        yield bytes
      }
    }
    let count = 0
    for await (const chunk of links.measured(address, isPlain, source())) {
      count += chunk.length
      now += clientMs
    }
    t.equal(count, chunks * CHUNK)
  }
  return { links, send, pass: (ms: number) => (now += ms) }
}

void t.test('a plain layer shows how fast its client is', async (t) => {
  const { links, send } = network()
  t.equal(links.rateOf('a'), undefined)
  await send('a', true, { chunks: 7 })
  t.equal(links.rateOf('a'), undefined, 'buffers of the kernel take so much')
  await send('a', true)
  t.equal(links.rateOf('a'), CHUNK / 10)
  await send('a', true, { clientMs: 20 })
  t.equal(links.rateOf('a'), CHUNK / 20, 'the network got slower')
})

void t.test('an encoded layer shows a client that is slower than the encoder', async (t) => {
  const { links, send } = network()
  await send('a', false, { sourceMs: 1, clientMs: 10 })
  t.equal(links.rateOf('a'), CHUNK / 11)
  t.notOk(links.isProbe('a', 20 * CHUNK))
})

void t.test('a client that waits for the encoder gets one layer plain', async (t) => {
  const { links, send } = network()
  t.notOk(links.isProbe('a', 20 * CHUNK), 'nothing was sent yet')
  await send('a', false, { sourceMs: 10, clientMs: 1 })
  t.equal(links.rateOf('a'), undefined)
  t.notOk(links.isProbe('a', 5 * CHUNK), 'too short to show anything')
  t.notOk(links.isProbe('a', 500 * CHUNK), 'too long to try it')
  t.ok(links.isProbe('a', 20 * CHUNK))
  await send('a', true, { clientMs: 2 })
  t.equal(links.rateOf('a'), CHUNK / 2)
  t.notOk(links.isProbe('a', 20 * CHUNK))
  await send('a', false, { sourceMs: 0, clientMs: 8 })
  t.equal(links.rateOf('a'), CHUNK / 2, 'its decoder is slower than its network')
})

void t.test('a small image shows nothing, so a later layer does', async (t) => {
  const { links, send } = network()
  await send('a', false, { chunks: 1 })
  t.ok(links.isProbe('a', 20 * CHUNK))
})

void t.test('a new client is taken for the fastest of late', async (t) => {
  const { links, send, pass } = network()
  await send('near', true, { clientMs: 2 })
  await send('far', true, { clientMs: 200 })
  t.equal(links.rateOf('far'), CHUNK / 200)
  t.equal(links.rateOf('new'), CHUNK / 2)
  await send('new', false, { sourceMs: 4, clientMs: 0 })
  t.notOk(links.isProbe('new', 20 * CHUNK), 'nothing contradicts that')
  await send('new', false, { sourceMs: 1, clientMs: 0 })
  t.ok(links.isProbe('new', 20 * CHUNK), 'it takes more than that')
  pass(600_001)
  t.equal(links.rateOf('near'), undefined)
  t.equal(links.rateOf('other'), undefined)
})

void t.test('a client that leaves ends the source, and shows nothing', async (t) => {
  const { links } = network()
  let isEnded = false
  const source = async function* () {
    try {
      for (;;) yield new Uint8Array(CHUNK)
    } finally {
      isEnded = true
    }
  }
  const chunks = links.measured('a', true, source())
  await chunks.next()
  await chunks.return(undefined)
  t.ok(isEnded)
  t.equal(links.rateOf('a'), undefined)
})
