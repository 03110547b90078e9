import t from 'tap'
import { storePath } from '../store-path.ts'
import { memoryStore } from './memory-store.ts'
import { testStore } from './store-conformance.ts'

void t.test('the store in memory is a store', async (t) => {
  const [root, reference, derivation] = ['1-root', '2-reference', '3-made.drv'].map(numbered)
  const [made, broken, cached] = ['4-made', '5-broken.drv', '6-cached'].map(numbered)
  if (!root || !reference || !derivation || !made || !broken || !cached) return
  const store = memoryStore({
    valid: [root, reference, derivation, broken],
    references: new Map([[root, [reference]]]),
    derivations: new Map([
      [derivation, { out: made }],
      [broken, { out: numbered('7-never') }],
    ]),
    failures: new Map([[broken, 'exit code 3']]),
    substitutable: [cached],
  })
  await testStore(t, store, { root, reference, derivation, made, broken, cached })
})

/** `1-root` as a path whose hash begins with 1. */
function numbered(name: string) {
  const [number = '', ...rest] = name.split('-')
  return storePath(`${number.padEnd(32, '0')}-${rest.join('-')}`)
}
