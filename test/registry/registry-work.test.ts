/** What the registry has Nix do for a pull: once for all who ask, and not again at once where it failed. */
import t from 'tap'
import { parseReference } from '../../src/core/oci/reference.ts'
import { instantiate, nixStoreQuery, shellDerivation, withoutNix } from '../nix/real-store.ts'
import { RUN, imageExpression, referenceTo, registryOf } from './real-registry.ts'

void t.test(
  'an output that was never built is, since its derivation is known',
  { skip: withoutNix },
  async (t) => {
    const { registry, work } = registryOf(t)
    const derivation = await instantiate(imageExpression('two'))
    const [output = ''] = await nixStoreQuery('--outputs', derivation)
    const found = await Promise.all(
      Array.from({ length: 5 }, () => registry.image(parseReference(output.slice(1)), 'nix')),
    )
    t.equal(new Set(found).size, 1)
    t.strictSame(
      work.filter((line) => line.startsWith('started')),
      [`started ${derivation}!out`],
      'once for all who ask',
    )
  },
)

void t.test(
  'a failed build is an error with its log, and isn’t tried again at once',
  { skip: withoutNix },
  async (t) => {
    const { registry, work } = registryOf(t)
    const derivation = await instantiate(
      shellDerivation(`unit-fails-${RUN}`, 'echo "compiling"; echo "error: no such header"; exit 3'),
    )
    for (let i = 0; i < 2; i++) {
      const failure: unknown = await registry
        .image(referenceTo(derivation), 'latest')
        .catch((error: unknown) => error)
      t.match(failure, {
        name: 'RegistryError',
        kind: 'build-failed',
        detail: { derivation, log: ['compiling', 'error: no such header'] },
      })
    }
    t.equal(work.filter((line) => line.startsWith('started')).length, 1)
  },
)

void t.test(
  'who waits too long is told to come back, and finds the work done',
  { skip: withoutNix },
  async (t) => {
    const { registry, work } = registryOf(t, { holdMs: 1 })
    const derivation = await instantiate(
      imageExpression('slow', 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done;'),
    )
    await t.rejects(registry.image(referenceTo(derivation), 'latest'), {
      name: 'RegistryError',
      kind: 'pending',
      facts: { retryAfterSeconds: 5 },
    })
    for (let i = 0; i < 600; i++) {
      const image = await registry.image(referenceTo(derivation), 'latest').catch(() => undefined)
      if (image !== undefined) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    t.equal((await registry.image(referenceTo(derivation), 'latest')).format, 'pushless image')
    t.equal(work.filter((line) => line.startsWith('started')).length, 1)
  },
)
