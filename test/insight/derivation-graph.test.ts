import t from 'tap'
import type { Derivation } from '../../src/core/nix/derivation.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { derivationGraph } from '../../src/insight/derivation-graph.ts'
import type { Store } from '../../src/store/store.ts'
import { memoryStore } from '../store/memory-store.ts'
import { storePath } from '../store-path.ts'

const numbered = (number: number, name: string) => storePath(`${String(number).padStart(32, '0')}-${name}`)
const IMAGE = numbered(1, 'web')
const TOOL = numbered(2, 'tool-1.2')
const [WEB_DRV, TOOL_DRV, SOURCE_DRV, SHELL_DRV] = [
  numbered(3, 'web.drv'),
  numbered(4, 'tool-1.2.drv'),
  numbered(5, 'tool-1.2.tar.gz.drv'),
  numbered(6, 'bash-5.2.drv'),
]

const derivation = (outputs: readonly StorePath[], inputs: readonly StorePath[]): Derivation => ({
  outputs: new Map(outputs.map((path, i) => [`out${i}`, path])),
  inputDerivations: new Map(inputs.map((path) => [path, ['out']])),
  inputSources: [],
  system: 'x86_64-linux',
  builder: '/bin/sh',
  args: [],
  env: new Map([['TOKEN', 'secret of the build']]),
})

const DERIVATIONS = new Map([
  [WEB_DRV, derivation([IMAGE], [TOOL_DRV, SHELL_DRV])],
  [TOOL_DRV, derivation([TOOL, numbered(7, 'tool-1.2-dev')], [SHELL_DRV, SOURCE_DRV])],
  [SHELL_DRV, derivation([], [])],
])

function storeWith(derivers: readonly StorePath[]): Store {
  const store = memoryStore({ valid: [IMAGE, TOOL, WEB_DRV, TOOL_DRV, SHELL_DRV] })
  return {
    ...store,
    derivers: async () => derivers,
    derivation: async (path) => DERIVATIONS.get(path) ?? store.derivation(path),
  }
}

void t.test('the derivations of an image, with names, versions and sizes alone', async (t) => {
  const { dag, leftOut } = await derivationGraph(storeWith([WEB_DRV]), IMAGE, 100)
  t.strictSame(
    dag.nodes.map(({ name, version, size }) => [name, version, size]),
    [
      ['web', undefined, 120],
      ['tool', '1.2', 120],
      ['bash', '5.2', undefined],
      ['tool', '1.2.tar.gz', undefined],
    ],
    'the last one isn’t in the store',
  )
  t.strictSame(dag.edges, [[1, 2], [3, 2], [], []])
  t.equal(leftOut, 0)
  t.notMatch(JSON.stringify(dag), /secret/)
})

void t.test('the graph is bounded', async (t) => {
  const { dag, leftOut } = await derivationGraph(storeWith([WEB_DRV]), IMAGE, 2)
  t.strictSame(dag.edges, [[1], []])
  t.equal(leftOut, 2)
})

void t.test('an image without a derivation is an error', async (t) => {
  for (const derivers of [[], [numbered(9, 'gone.drv')]])
    await t.rejects(derivationGraph(storeWith(derivers), IMAGE, 100), {
      kind: 'name-unknown',
      message: /does not have the derivation/,
    })
})
