import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { listKnownImages } from '../../src/registry/known-image.ts'
import { DurableRoots } from '../../src/registry/state/durable-roots.ts'
import { WEB } from '../insight/web.ts'
import { memoryStore } from '../store/memory-store.ts'
import { storePath } from '../store-path.ts'

const OTHER = storePath('00000000000000000000000000000009-other')

void t.test('what was made and what is kept is one list, without repetitions', (t) => {
  for (const [artifacts, kept, expected] of [
    [[], [], []],
    [[WEB, WEB], [], [[WEB.root, true, undefined]]],
    [[], [{ path: OTHER, pulledMs: 5 }], [[OTHER, false, 5]]],
    [
      [WEB],
      [
        { path: OTHER, pulledMs: 5 },
        { path: WEB.root, pulledMs: 7 },
      ],
      [
        [WEB.root, true, 7],
        [OTHER, false, 5],
      ],
    ],
  ] as const)
    t.strictSame(
      listKnownImages(artifacts, kept).map(({ root, artifact, pulledMs }) => [
        root,
        artifact !== undefined,
        pulledMs,
      ]),
      expected,
    )
  t.end()
})

void t.test('durable roots are listed while their paths are there', async (t) => {
  const state = t.testdir({ there: '' })
  await mkdir(join(state, 'roots'))
  const link = async (name: string, target: string) => symlink(target, join(state, 'roots', name))
  await link(OTHER.slice('/nix/store/'.length), join(state, 'there'))
  await link('00000000000000000000000000000008-gone', join(state, 'gone'))
  await link('no-store-path', join(state, 'there'))
  const roots = new DurableRoots(memoryStore(), state, 7)
  t.strictSame(
    (await roots.list()).map(({ path }) => path),
    [OTHER],
  )
  t.strictSame(await new DurableRoots(memoryStore(), join(state, 'nowhere'), 7).list(), [])
})
