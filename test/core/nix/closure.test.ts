import t from 'tap'
import { pathsOfClosure } from '../../../src/core/nix/closure.ts'
import type { StorePath } from '../../../src/core/nix/store-path.ts'

const GRAPH = {
  image: ['app', 'tree', 'base'],
  app: ['lib', 'app'],
  lib: ['libc'],
  libc: [],
  tree: ['lib', 'data'],
  selfish: ['selfish', 'data'],
  data: [],
  base: ['tool'],
  tool: ['libc', 'missing'],
}

const path = (name: string) => `/nix/store/${'0'.repeat(32)}-${name}` as StorePath
const nodes = new Map(
  Object.entries(GRAPH).map(([name, references]) => [path(name), { references: references.map(path) }]),
)

void t.test('paths of a closure that belong into a layer', async (t) => {
  for (const [what, roots, except, unpacked, expected] of [
    ['all', ['app'], [], [], ['app', 'lib', 'libc']],
    ['without the root', ['app'], ['app'], [], ['lib', 'libc']],
    ['several roots', ['lib', 'data'], [], [], ['data', 'lib', 'libc']],
    ['nothing', [], [], [], []],
    [
      'without what is only described',
      ['image'],
      ['image', 'base'],
      [],
      ['app', 'data', 'lib', 'libc', 'tree'],
    ],
    [
      'a tree that is elsewhere',
      ['image'],
      ['image', 'base', 'tree'],
      ['tree'],
      ['app', 'data', 'lib', 'libc'],
    ],
    ['a tree that nobody unpacked', ['image'], ['image', 'base', 'tree'], [], ['app', 'lib', 'libc']],
    ['a tree that refers to itself', ['libc'], ['selfish'], ['selfish'], ['data', 'libc', 'selfish']],
    ['left out, but needed by another', ['app'], ['libc'], [], ['app', 'lib', 'libc']],
    ['what no node is known for', ['tool'], [], [], ['libc', 'tool']],
  ] as const) {
    const found = pathsOfClosure(nodes, {
      roots: roots.map(path),
      except: except.map(path),
      unpacked: unpacked.map(path),
    })
    t.strictSame([...found].sort(), expected.map(path).sort(), what)
  }
})
