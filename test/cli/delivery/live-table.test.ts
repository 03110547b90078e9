import t from 'tap'
import { frameOf, liveTable, type Row } from '../../../src/cli/delivery/live-table.ts'

const ROWS: readonly Row[] = [
  { name: 'image aaaaaaa-web', state: 'building', detail: 'web-1.0: compiling', kind: 'active' },
  { name: 'ConfigMap shop/settings', state: 'created', detail: '', kind: 'done' },
  { name: 'Service shop/web', state: 'waiting', detail: '', kind: 'waiting' },
  { name: 'Deployment shop/web', state: 'created', detail: 'failed: quota\u001b[31m', kind: 'failed' },
]

void t.test('a frame has what is under way, the most urgent first, and counts all', (t) => {
  t.same(frameOf(ROWS, { columns: 80, rows: 24 }), [
    'created    Deployment shop/web  failed: quota',
    'building   image aaaaaaa-web    web-1.0: compiling',
    'waiting    Service shop/web',
    '1 building, 2 created, 1 waiting, 2 not ready',
  ])
  t.same(frameOf(ROWS, { columns: 20, rows: 3 }), ['created    Deploym…', '1 building, 2 crea…'])
  t.same(frameOf([], {}), [''])
  t.end()
})

void t.test('the table follows a delivery, and ends with one line', (t) => {
  const written: string[] = []
  const ends: string[] = []
  const terminal = { columns: 80, rows: 24, write: (text: string) => written.push(text) }
  const table = liveTable(terminal, (line) => ends.push(line))
  const name = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'a' }
  table.onEvent({ kind: 'planned', objects: [{ name, stage: 'objects', change: 'create' }], deletions: 0 })
  table.onEvent({ kind: 'note', message: 'a note' })
  table.onImage({ name: `nix.internal/nix/store/${'a'.repeat(32)}-web:nix`, places: [], state: 'ready' })
  table.onEvent({ kind: 'object', name, outcome: 'created' })
  const result = { generation: 1, outcome: 'delivered', isIdle: false, unhealthy: [], remaining: [] } as const
  table.end('shop/web generation 1: delivered', result)
  table.close()
  t.same(ends, ['shop/web generation 1: delivered\n'])
  const last = written.at(-1) ?? ''
  t.ok(last.includes('a note\u001b[K\n1 ready, 1 created\u001b[K\n'))
  t.ok(last.endsWith('\u001b[?25h'), 'the cursor is there again')
  t.equal(written.filter((text) => text.includes('\u001b[?25h')).length, 1)
  t.end()
})
