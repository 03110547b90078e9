import t from 'tap'
import { frameOf, terminalReporter } from '../../../src/cli/display/warm-display.ts'
import type { Progress } from '../../../src/cli/display/warm-progress.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const image = (state: Progress['state'], more: Partial<Progress> = {}): Progress => ({
  name: `nix.internal/nix/store/${HASH}-web:nix`,
  places: [],
  state,
  ...more,
})
const began = () => performance.now() - 12_400

void t.test('a line for each image, and one that counts', async (t) => {
  const frame = frameOf(
    [
      image('ready', { began: 0, ended: 3999 }),
      image('building', { began: began(), path: `/nix/store/${HASH}-linux-6.1.drv`, line: 'CC main.o' }),
      image('fetching', { began: began(), path: `/nix/store/${HASH}-glibc-2.38` }),
      image('waiting', { began: began(), line: 'still being built or fetched: ask again' }),
      image('queued', { name: `localhost:5000/nix/store/${HASH}:dev` }),
      image('failed', {
        began: 0,
        ended: 200_000,
        errors: [{ code: 'UNKNOWN', message: 'nix build failed' }],
      }),
    ],
    65_000,
    { columns: 120, rows: 40 },
    false,
  )
  t.strictSame(frame, [
    'ready       3 s  aw2fw9a-web',
    'building   12 s  aw2fw9a-web  linux-6.1: CC main.o',
    'fetching   12 s  aw2fw9a-web  glibc-2.38',
    'waiting    12 s  aw2fw9a-web  still being built or fetched: ask again',
    'queued           aw2fw9a:dev',
    'failed    3 min  aw2fw9a-web  nix build failed',
    '1 ready, 1 failed, 1 building, 1 fetching, 1 waiting, 1 queued; 65 s',
  ])
})

void t.test('no line is as wide as the terminal, whatever builders print', async (t) => {
  for (const line of [
    'x'.repeat(500),
    '\x1b[31mred\x1b[0m \x07\r progress\tbar \x1b]0;title\x07'.repeat(20),
    '\u5efa\u8a2d\u4e2d'.repeat(60),
  ]) {
    for (const columns of [20, 40, 81]) {
      const [text = ''] = frameOf(
        [image('building', { began: began(), line })],
        0,
        { columns, rows: 9 },
        false,
      )
      const width = Array.from(text).reduce((sum, one) => sum + (one < '\u1100' ? 1 : 2), 0)
      t.ok(width < columns, `${width} of ${columns}`)
      // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is meant
      t.notMatch(text, /[\u0000-\u001f\u007f-\u009f]/)
    }
  }
})

void t.test('as many lines as fit: what happens now goes before what is over', async (t) => {
  const images = [
    ...Array.from({ length: 5 }, () => image('ready', { began: 0, ended: 1000 })),
    ...Array.from({ length: 50 }, () => image('queued')),
    image('building', { began: began() }),
    image('failed'),
  ]
  for (const [rows, states] of [
    [6, ['queued', 'queued', 'building', 'failed', '5 ready, 1 failed, 1 building, 50 queued;']],
    [3, ['building', '5 ready, 1 failed, 1 building, 50 queued;']],
    [1, ['building', '5 ready, 1 failed, 1 building, 50 queued;']],
  ] as const) {
    const frame = frameOf(images, 0, { columns: 80, rows }, false)
    t.strictSame(
      frame.map((line) => states.find((state) => line.startsWith(state)) ?? line),
      states,
    )
  }
})

void t.test('drawn in place, with the cursor hidden until the end', async (t) => {
  const written: string[] = []
  const images = [image('queued'), image('queued')]
  const reporter = terminalReporter({ write: (text) => written.push(text) }, images, true)
  for (const one of images) Object.assign(one, { state: 'ready', began: 0, ended: 1000 })
  reporter.ended({ ready: 2, failed: 0, unfinished: 0, foreign: 3, seconds: 1.04 })
  reporter.ended({ ready: 0, failed: 0, unfinished: 0, foreign: 0, seconds: 0 })
  const [first = '', last = '', ...rest] = written.filter((text) => text !== '')
  t.strictSame(rest, [], 'each frame is one write, and there is one end')
  t.ok(first.startsWith('\x1b[?25l'))
  t.ok(last.startsWith('\r\x1b[3A\x1b[32mready   \x1b[39m'))
  t.ok(last.endsWith('2 ready, 3 of other registries; 1.0 s\x1b[K\n\x1b[J\x1b[?25h'))
})

void t.test('failures are explained below, with the end of the log', async (t) => {
  const written: string[] = []
  const log = Array.from({ length: 30 }, (_, i) => `line ${i}`)
  const errors = [
    { code: 'UNKNOWN', message: 'nix build failed: \x1b[1mwhy', detail: { log, logUrl: '/builds/x' } },
  ]
  const places = [{ source: 'a.yaml', document: 2, object: 'Pod/web', path: 'spec.containers[0].image' }]
  const reporter = terminalReporter(
    { write: (text) => written.push(text) },
    [image('failed', { errors, places })],
    false,
  )
  reporter.ended({ ready: 0, failed: 1, unfinished: 0, foreign: 0, seconds: 0 })
  t.strictSame(written.at(-1)?.split('\n'), [
    '',
    `nix.internal/nix/store/${HASH}-web:nix`,
    '  nix build failed: why',
    ...log.slice(-20).map((line) => `  | ${line}`),
    '  log: /builds/x',
    '  in a.yaml, document 2, Pod/web, spec.containers[0].image',
    '',
  ])
})
