import t from 'tap'
import { parseReference } from '../../../src/core/oci/reference.ts'
import { resolve, tagInside, tagsOf } from '../../../src/registry/artifact/resolve.ts'
import { A, B, C, D, DEV, DRV, OUT, VALID, storeOf } from '../fake-store.ts'

const fails = (kind: string, message: RegExp) => ({ name: 'RegistryError', kind, message })
const CA = { out: undefined }
const ONLY_LIB = { bin: OUT, lib: DEV }

void t.test('the work for a reference', async (t) => {
  for (const [what, world, name, tag, expected] of [
    ['a valid path, by hash', { valid: [VALID] }, A, 'latest', { kind: 'valid', path: VALID }],
    ['a valid path, by its name', { valid: [VALID] }, `${A}-Hello`, 'nix', { kind: 'valid', path: VALID }],
    ['a valid path, by its slug', { valid: [VALID] }, `${A}-hello`, 'latest', { kind: 'valid', path: VALID }],
    [
      'a valid path, by another name',
      { valid: [VALID] },
      `${A}-other`,
      'latest',
      fails('name-unknown', /another name/),
    ],
    [
      'a valid path, a tag that it may have inside',
      { valid: [VALID] },
      A,
      'v1',
      { kind: 'valid', path: VALID },
    ],
    ['a path of no store, by hash', {}, A, 'latest', fails('name-unknown', /full name is needed/)],
    ['a path of no store', {}, `${A}-Hello`, 'latest', fails('name-unknown', /no derivation makes it/)],
    [
      'a path that a cache has',
      { substitutable: [VALID] },
      `${A}-Hello`,
      'latest',
      { kind: 'to-do', work: { kind: 'fetch', path: VALID }, path: VALID },
    ],
    [
      'a path that a cache has, by its slug only',
      { substitutable: [VALID] },
      `${A}-hello`,
      'latest',
      fails('name-unknown', /no derivation/),
    ],
    [
      'a path that a cache has, by hash only',
      { substitutable: [VALID] },
      A,
      'latest',
      fails('name-unknown', /full name/),
    ],
    [
      'a path that a derivation makes',
      { derivers: [DRV] },
      `${B}-made`,
      'latest',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'out' }, path: OUT },
    ],
    [
      'a path that no cache has, as far as could be asked',
      { warnings: ['warning: no answer'] },
      `${A}-Hello`,
      'latest',
      fails('lookup-failed', /not all could be asked/),
    ],
    [
      'a path that a derivation makes, and caches that could not be asked',
      { derivers: [DRV], warnings: ['warning: no answer'] },
      `${B}-made`,
      'latest',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'out' }, path: OUT },
    ],
    [
      'another output of it',
      { derivers: [DRV] },
      `${C}-made-dev`,
      'nix',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'dev' }, path: DEV },
    ],
    [
      'a path to be made, a tag that it may have inside',
      { derivers: [DRV] },
      `${B}-made`,
      'v1',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'out' }, path: OUT },
    ],
    [
      'a cache before a derivation',
      { derivers: [DRV], substitutable: [OUT] },
      `${B}-made`,
      'latest',
      { kind: 'to-do', work: { kind: 'fetch', path: OUT }, path: OUT },
    ],
    [
      'a deriver that makes others',
      { derivers: [DRV] },
      `${A}-Hello`,
      'latest',
      fails('name-unknown', /no derivation/),
    ],
    [
      'a derivation',
      { valid: [DRV] },
      `${D}-made.drv`,
      'latest',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'out' }, path: OUT },
    ],
    [
      'a derivation, by hash',
      { valid: [DRV] },
      D,
      'nix',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'out' }, path: OUT },
    ],
    [
      'an output of a derivation by tag',
      { valid: [DRV] },
      D,
      'dev',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'dev' }, path: DEV },
    ],
    ['an output that it hasn’t', { valid: [DRV] }, D, 'doc', fails('manifest-unknown', /no such tag/)],
    ['a derivation that was built', { valid: [DRV, OUT] }, D, 'latest', { kind: 'valid', path: OUT }],
    [
      'a derivation of which another output was built',
      { valid: [DRV, OUT] },
      D,
      'dev',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'dev' }, path: DEV },
    ],
    [
      'a derivation without out: its first',
      { valid: [DRV], outputs: ONLY_LIB },
      D,
      'latest',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'bin' }, path: OUT },
    ],
    [
      'a content-addressed derivation',
      { valid: [DRV], outputs: CA },
      D,
      'latest',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'out' }, path: undefined },
    ],
    [
      'a derivation with an output called latest',
      { valid: [DRV], outputs: { latest: DEV, out: OUT } },
      D,
      'latest',
      { kind: 'to-do', work: { kind: 'build', derivation: DRV, output: 'latest' }, path: DEV },
    ],
    [
      'a derivation that a cache has, whatever the tag',
      { substitutable: [DRV] },
      `${D}-made.drv`,
      'dev',
      { kind: 'to-do', work: { kind: 'fetch', path: DRV }, path: DRV },
    ],
  ] as const) {
    const resolving = resolve(storeOf(world), parseReference(`nix/store/${name}`), tag)
    if ('message' in expected) await t.rejects(resolving, expected, what)
    else t.strictSame(await resolving, expected, what)
  }
})

void t.test('the tag that is left for the image', async (t) => {
  for (const [what, name, root, tag, expected] of [
    ['the default', A, VALID, 'latest', undefined],
    ['ours', A, VALID, 'nix', undefined],
    ['one of its own', A, VALID, 'v1', 'v1'],
    ['an output of a derivation', D, OUT, 'out', undefined],
  ] as const)
    t.equal(tagInside(parseReference(`nix/store/${name}`), root, tag), expected, what)
})

void t.test('the tags of a reference, sorted', async (t) => {
  for (const [what, world, name, expected, own = []] of [
    ['a valid path', { valid: [VALID] }, A, ['inside', 'latest', 'nix'], ['nix', 'inside']],
    ['a path that is to be fetched', { substitutable: [VALID] }, `${A}-Hello`, ['latest', 'nix']],
    ['a derivation', { valid: [DRV] }, D, ['dev', 'latest', 'nix', 'out']],
    ['an output called latest', { valid: [DRV], outputs: { latest: OUT } }, D, ['latest', 'nix']],
  ] as const) {
    t.strictSame(await tagsOf(storeOf(world), parseReference(`nix/store/${name}`), own), expected, what)
  }
  await t.rejects(tagsOf(storeOf({}), parseReference(`nix/store/${A}`), []), {
    name: 'RegistryError',
    kind: 'name-unknown',
  })
})
