/** Against a store of the same shape: a real one can't be told to have substituters and half-known derivations. */
import t from 'tap'
import { RegistryError, type ErrorKind } from '../../src/core/errors/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import { parseReference } from '../../src/core/oci/reference.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { checkPull, type PullCheckParts } from '../../src/registry/check-pull.ts'
import { memoryStore } from '../store/memory-store.ts'
import { storePath } from '../store-path.ts'

const VALID = storePath('aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-shop')
const CACHED = storePath('bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-shop')
const MADE = storePath('cw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-shop')
const DERIVATION = storePath('dw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-shop.drv')
const CACHED_DERIVATION = storePath('fw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-shop.drv')
const NOWHERE = storePath('gw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-shop')

const policy: Policy = { builds: true, fetches: true, allow: [], deny: [], systems: [] }
const valid = [VALID, DERIVATION]
const cached = [CACHED, CACHED_DERIVATION]

function partsOf(more: Partial<PullCheckParts> = {}): PullCheckParts {
  return {
    store: memoryStore({
      valid,
      substitutable: cached,
      derivations: new Map([[DERIVATION, { out: MADE }]]),
    }),
    policy,
    journal: { failure: () => undefined },
    demandImage: async () => undefined,
    ...more,
  }
}

async function ask(path: StorePath, more: Partial<PullCheckParts> = {}, tag = 'nix') {
  const reference = parseReference(path.slice(1))
  const found = await checkPull(partsOf(more), reference, { kind: 'tag', tag })
  return 'error' in found ? `${found.kind}: ${found.error.kind}` : found.kind
}

const failing = (kind: ErrorKind) => new RegistryError(kind, 'no')

void t.test('states of an image', async (t) => {
  const rows: readonly (readonly [
    what: string,
    path: StorePath,
    expected: string,
    more?: Partial<PullCheckParts>,
  ])[] = [
    ['a valid path', VALID, 'present'],
    ['a path that a cache has', CACHED, 'fetchable'],
    ['a path that a derivation makes', MADE, 'buildable'],
    ['a derivation', DERIVATION, 'buildable'],
    ['a derivation that a cache has', CACHED_DERIVATION, 'buildable'],
    ['a path that nothing makes', NOWHERE, 'unknown: name-unknown'],
    [
      'a valid path that is no image',
      VALID,
      'unknown: denied',
      { demandImage: () => Promise.reject(failing('denied')) },
    ],
    [
      'a broken image',
      VALID,
      'unknown: unservable',
      { demandImage: () => Promise.reject(failing('unservable')) },
    ],
    ['a fetch that is not allowed', CACHED, 'unknown: denied', { policy: { ...policy, fetches: false } }],
    ['a build that is not allowed', MADE, 'unknown: denied', { policy: { ...policy, builds: false } }],
    ['a system of nobody', MADE, 'unknown: no-builder', { policy: { ...policy, systems: ['x'] } }],
    [
      'a build that has failed',
      MADE,
      'failed: build-failed',
      { journal: { failure: () => failing('build-failed') } },
    ],
  ]
  for (const [what, path, expected, more] of rows) t.equal(await ask(path, more), expected, what)
  t.equal(await ask(DERIVATION, {}, 'doc'), 'unknown: manifest-unknown', 'an output that there is not')
})

void t.test('failures of the look-up', async (t) => {
  const error = failing('unavailable')
  await t.rejects(ask(VALID, { demandImage: () => Promise.reject(error) }), error)
})
