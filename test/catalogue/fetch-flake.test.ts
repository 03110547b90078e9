/** The graph of a flake's inputs, from what Nix fetched and the lock file. */
import t from 'tap'
import { CatalogueError } from '../../src/catalogue/catalogue-error.ts'
import { toGraph } from '../../src/catalogue/fetch-flake.ts'

type Lock = Parameters<typeof toGraph>[1]
const PATH = (letter: string) => `/nix/store/${letter.repeat(32)}-source`
const LEAF = (letter: string) => ({ path: PATH(letter), inputs: {} })
const TREE = {
  path: PATH('a'),
  inputs: { lib: LEAF('b'), web: { path: PATH('c'), inputs: { data: LEAF('d') } } },
}
const LOCK: Lock = {
  root: 'root',
  nodes: {
    root: { inputs: { lib: 'lib', web: 'web' } },
    lib: {},
    web: { inputs: { lib: ['lib'], data: 'data_2', again: ['web', 'data'] } },
    data_2: { flake: false },
  },
}

const REFUSED: readonly (readonly [string, Lock['nodes'], RegExp])[] = [
  ['a node that is not there', { root: { inputs: { lib: 'x', web: 'web' } } }, /there is no node x$/],
  ['an input that was not fetched', { root: { inputs: { other: 'lib' } }, lib: {} }, /lib was not fetched$/],
  [
    'inputs that follow each other',
    { root: { inputs: { lib: ['web'], web: ['lib'] } } },
    /inputs follow each other: /,
  ],
  ['a follower of nothing', { root: { inputs: { lib: ['a', 'b'] } } }, /root has no input a$/],
  ['a prototype', { root: { inputs: { lib: 'constructor' } } }, /there is no node constructor$/],
]

void t.test('inputs that follow others are the same node', (t) => {
  t.strictSame(toGraph(TREE, LOCK, 'x'), {
    root: 'root',
    nodes: {
      root: { path: PATH('a'), isFlake: true, inputs: { lib: 'lib', web: 'web' } },
      lib: { path: PATH('b'), isFlake: true, inputs: {} },
      web: { path: PATH('c'), isFlake: true, inputs: { lib: 'lib', data: 'data_2', again: 'data_2' } },
      data_2: { path: PATH('d'), isFlake: false, inputs: {} },
    },
  })
  t.end()
})

void t.test('a lock file that is wrong is refused', (t) => {
  for (const [what, nodes, message] of REFUSED)
    t.throws(
      () => toGraph(TREE, { root: 'root', nodes }, 'x'),
      { name: 'CatalogueError', kind: 'invalid-catalogue', message },
      what,
    )
  const outside = { path: '/etc', inputs: {} }
  t.throws(() => toGraph(outside, { root: 'root', nodes: { root: {} } }, 'x'), CatalogueError)
  t.end()
})
