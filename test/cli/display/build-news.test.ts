import t from 'tap'
import { readEvent } from '../../../src/cli/display/build-news.ts'

const DRV = '/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-hello.drv'
const event = (kind: string, data: unknown) =>
  `event: ${kind}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}`

void t.test('events of a build', async (t) => {
  for (const [text, news] of [
    [event('state', { state: 'queued', kind: 'build' }), [{ state: 'queued' }]],
    [event('state', { state: 'running', kind: 'build' }), [{ state: 'building' }]],
    [event('state', { state: 'running', kind: 'fetch' }), [{ state: 'fetching' }]],
    [event('state', { state: 'done' }), []],
    [event('log', `building ${DRV}`), [{ path: DRV }]],
    [event('log', '{"lines": [1]}'), [{ line: '{"lines": [1]}' }]],
    [event('log', ' '), []],
    ['id: 7\r\nevent: log\r\ndata: gcc\r\ndata: ld', [{ line: 'gcc' }, { line: 'ld' }]],
    [event('end', 'done'), []],
    [event('state', null), []],
    [event('state', 'text'), []],
    [': alive', []],
    ['', []],
  ] as const) {
    t.strictSame([...readEvent(text)], news, text)
  }
})
