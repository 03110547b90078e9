import { pino } from 'pino'
import t, { type Test } from 'tap'
import { tokenOf } from '../../../src/http/access/token.ts'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { createApp } from '../../../src/http/app.ts'
import { Metrics } from '../../../src/http/metrics.ts'
import type { PullCheck } from '../../../src/registry/check-pull.ts'
import type { Registry } from '../../../src/registry/registry.ts'
import { journalIn } from '../../registry/journal.ts'
import { fakeRegistry, NO_REFERRERS } from '../fake-registry.ts'

const PATH = '/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-shop'
const REF = `nix.internal${PATH}:nix`

async function check(t: Test, payload: string, checkPull: () => Promise<PullCheck>, url = '/check') {
  const registry: Registry = Object.assign(fakeRegistry().registry, { checkPull })
  const app = createApp(
    {
      registry,
      referrers: NO_REFERRERS,
      journal: journalIn(t),
      token: tokenOf(() => 'secret'),
      metrics: new Metrics(),
      compression: 'none',
      wait: 'retry',
    },
    pino({ level: 'silent' }),
  )
  t.teardown(() => app.close())
  const { statusCode, body } = await app.inject({ method: 'POST', url, payload })
  return { status: statusCode, body: JSON.parse(body) as unknown }
}

const pod = (image: string) => `kind: Pod\nspec: {containers: [{image: '${image}'}]}\n`
const never = () => Promise.reject(new Error('asked'))
const refs = JSON.stringify({ refs: [REF] })

void t.test('pulls are checked for every client that may pull', async (t) => {
  const rows: Record<string, readonly [PullCheck, { readonly state: string; readonly message?: string }]> = {
    'in the store': [{ kind: 'present' }, { state: 'present' }],
    'in a cache': [{ kind: 'fetchable' }, { state: 'fetchable' }],
    'to be built': [{ kind: 'buildable' }, { state: 'buildable' }],
    'built in vain': [
      { kind: 'failed', error: new RegistryError('build-failed', 'nix build failed: exit code 2') },
      { state: 'failed', message: 'nix build failed: exit code 2' },
    ],
    nowhere: [
      { kind: 'unknown', error: new RegistryError('name-unknown', 'no such store path: nobody makes it') },
      { state: 'unknown', message: 'no such store path: nobody makes it' },
    ],
    'not for everybody, for somebody on this machine': [
      { kind: 'unknown', error: new RegistryError('denied', `a plain package: ${PATH}`) },
      { state: 'unknown', message: `a plain package: ${PATH}` },
    ],
  }
  for (const [what, [checkPull, expected]] of Object.entries(rows)) {
    t.same(
      await check(t, refs, async () => checkPull),
      { status: 200, body: { images: [{ ref: REF, ...expected }], foreign: 0 } },
      what,
    )
  }
})

void t.test('a path that can’t be looked up is neither present nor absent', async (t) => {
  const error = new RegistryError('lookup-failed', 'cache.example.org does not answer')
  t.same(await check(t, refs, () => Promise.reject(error)), {
    status: 200,
    body: {
      images: [{ ref: REF, state: 'unsure', message: 'cache.example.org does not answer' }],
      foreign: 0,
    },
  })
  const { body } = await check(t, refs, () => Promise.reject(new Error('a secret of ours')))
  t.match(body, { images: [{ state: 'unsure' }] })
  t.notMatch(JSON.stringify(body), /secret/)
})

void t.test('manifests are read for their images', async (t) => {
  const payload = [pod(REF), pod('nginx'), pod('nix.internal/nix/store/x'), pod(`mine:5000${PATH}`)].join(
    '---\n',
  )
  t.match(await check(t, payload, async () => ({ kind: 'present' }), '/check?host=mine:5000'), {
    status: 200,
    body: {
      images: [
        { ref: 'nix.internal/nix/store/x', state: 'unknown' },
        { ref: REF, state: 'present' },
        { ref: `mine:5000${PATH}`, state: 'present' },
      ],
      foreign: 1,
    },
  })
})

void t.test('bodies that are not a question', async (t) => {
  for (const payload of ['', '{"refs": [1]}', 'a: [', '{"refs": []}'])
    t.match(await check(t, payload, never), { status: 400, body: { errors: [{}] } }, payload)
})
