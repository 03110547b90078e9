import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { jsonProgress, terminalProgress } from '../../../src/cli/display/export-progress.ts'

/** Without what moves the cursor. */
const plain = (text: string) => stripVTControlCharacters(text).replaceAll('\r', '')
const TOTALS = { bytes: 20_000_000, layers: 2, images: [{ name: 'greeter:1', digest: 'sha256:00' }] }

void t.test('one line, drawn again while bytes pass', async (t) => {
  let now = 0
  const drawn: string[] = []
  const terminal = { columns: 40, write: (text: string) => drawn.push(plain(text)) }
  const progress = terminalProgress(terminal, () => now)
  progress.making('/nix/store/x.drv')
  t.strictSame(drawn.splice(0), ['making /nix/store/x.drv\n'])
  progress.began(TOTALS)
  for (let i = 0; i < 20; i++) {
    now += 50
    progress.passed(1_000_000)
    if (i === 9) progress.layerEnded()
  }
  t.strictSame(drawn.splice(0), [
    '4.0 of 20.0 MB, 0 of 2 layers, 20 MB/s',
    '8.0 of 20.0 MB, 0 of 2 layers, 20 MB/s',
    '12.0 of 20.0 MB, 1 of 2 layers, 20 MB/s',
    '16.0 of 20.0 MB, 1 of 2 layers, 20 MB/s',
    '20.0 of 20.0 MB, 1 of 2 layers, 20 MB/s',
  ])
  progress.layerEnded()
  progress.ended()
  t.strictSame(drawn.splice(0), ['', 'greeter:1@sha256:00\n', '2 layers, 20.0 MB in 1.0 s\n'])
  progress.failed()
  t.strictSame(drawn, [''], 'the line is free for the error')
})

void t.test('no line is as wide as the terminal', async (t) => {
  let now = 0
  let widest = 0
  const write = (text: string) => (widest = Math.max(widest, plain(text).length))
  const progress = terminalProgress({ columns: 20, write }, () => (now += 1000))
  progress.began(TOTALS)
  progress.passed(1)
  t.equal(widest, 19)
})

void t.test('lines of JSON', async (t) => {
  let now = 0
  let text = ''
  const progress = jsonProgress(
    (line) => (text += line),
    () => now,
  )
  progress.making('/nix/store/x.drv')
  progress.log('CC main.o')
  progress.began(TOTALS)
  progress.passed(12)
  progress.layerEnded()
  now = 1500
  progress.ended()
  t.strictSame(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    [
      { state: 'making', path: '/nix/store/x.drv' },
      { state: 'begun', ...TOTALS },
      { state: 'writing', layers: 1, bytes: 12 },
      { state: 'done', layers: 1, bytes: 12, seconds: 1.5 },
    ],
  )
})
