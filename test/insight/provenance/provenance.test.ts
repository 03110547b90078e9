import t from 'tap'
import type { PathInfo } from '../../../src/store/store.ts'
import { materialsOf } from '../../../src/insight/provenance/materials.ts'
import { originOf } from '../../../src/insight/provenance/origin.ts'
import { provenance } from '../../../src/insight/provenance/provenance.ts'
import { provenanceFacts } from '../../../src/insight/provenance/provenance-facts.ts'
import { statement } from '../../../src/insight/provenance/statement.ts'
import { digestOf } from '../../../src/core/oci/digest.ts'
import { storePath } from '../../store-path.ts'
import { TOOL, TOOL_DRV, IMAGE, webDeps } from '../web.ts'

const { store } = webDeps()
const info: PathInfo = {
  path: TOOL,
  narHash: 'ab'.repeat(32),
  narSize: 1,
  references: [],
  deriver: TOOL_DRV,
  isBuiltHere: false,
  signatures: [],
  contentAddress: '',
}
const built = `building ${TOOL_DRV}\n`
const remote = `building ${TOOL_DRV} on ssh-ng://builder\n`
const fetched = `fetching ${TOOL} from https://cache.example.org\n`
const signatures = ['cache-1:xx', 'other-1:yy', 'cache-1:zz']

void t.test('where a path came from', async (t) => {
  for (const [title, more, log, expected] of [
    ['nobody knows', {}, undefined, { kind: 'unknown' }],
    ['the store built it', { isBuiltHere: true }, undefined, { kind: 'built', machine: undefined }],
    ['the store built and signed it', { isBuiltHere: true, signatures }, undefined, { kind: 'built' }],
    ['this registry had it built', {}, built, { kind: 'built', machine: undefined }],
    ['a remote builder', {}, `a> text\n${remote}text\n`, { kind: 'built', machine: 'ssh-ng://builder' }],
    [
      'a signature',
      { signatures },
      undefined,
      { kind: 'substituted', cache: undefined, keys: ['cache-1', 'other-1'] },
    ],
    ['a cache', {}, fetched, { kind: 'substituted', cache: 'https://cache.example.org', keys: [] }],
    [
      'a cache with a signature',
      { signatures },
      fetched,
      { kind: 'substituted', cache: 'https://cache.example.org' },
    ],
    [
      'a builder that lies about its machine',
      {},
      `${built}${remote}${fetched}`,
      { kind: 'built', machine: undefined },
    ],
    ['the fetch of another path', {}, `fetching ${IMAGE} from https://a\n`, { kind: 'unknown' }],
  ] as const)
    t.match(originOf({ ...info, ...more }, log), expected, title)
})

void t.test('materials are the fetched sources of the whole graph', async (t) => {
  t.strictSame(await materialsOf(store, TOOL_DRV), {
    sources: [
      {
        name: 'tool-1.2.tar.gz',
        url: 'https://example.org/tool-1.2.tar.gz',
        hash: { algorithm: 'sha256', hex: 'cd'.repeat(32) },
        isArchiveHash: false,
      },
    ],
    unknownDerivations: 0,
  })
  t.strictSame(
    await materialsOf(store, IMAGE),
    { sources: [], unknownDerivations: 1 },
    'of what is no derivation',
  )
})

void t.test('the statement names path, derivation, builder and sources, and no times', async (t) => {
  const journal = { get: () => undefined, log: async () => undefined }
  const facts = await provenanceFacts({ store, journal }, IMAGE)
  t.equal(facts.derivation, undefined)
  const materials = await materialsOf(store, TOOL_DRV)
  const derivation = {
    path: TOOL_DRV,
    output: 'dev',
    system: 'x86_64-linux',
    narHash: 'ef'.repeat(32),
    materials,
  }
  const digest = digestOf(Buffer.from(''))
  const document = statement(
    { root: IMAGE, digest },
    'https://slsa.dev/provenance/v1',
    provenance({ info, origin: { kind: 'substituted', cache: undefined, keys: ['cache-1'] }, derivation }),
  )
  t.match(document, {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: digest.slice('sha256:'.length) } }],
    predicate: {
      buildDefinition: {
        externalParameters: { path: TOOL, derivation: TOOL_DRV, output: 'dev' },
        internalParameters: { system: 'x86_64-linux', isDerivationSigned: false },
        resolvedDependencies: [
          { mediaType: 'application/x-nix-nar', digest: { sha256: 'ef'.repeat(32) } },
          { name: 'tool-1.2.tar.gz', uri: 'https://example.org/tool-1.2.tar.gz' },
        ],
      },
      runDetails: { builder: { id: 'https://nix.internal/builder/cache/v1' } },
    },
  })
  t.notMatch(JSON.stringify(document), /secret|startedOn/)
})

void t.test('a journal that can’t be read knows nothing', async (t) => {
  const journal = {
    get: () => {
      throw new Error('damaged')
    },
    log: async () => undefined,
  }
  t.match(await provenanceFacts({ store, journal }, IMAGE), { origin: { kind: 'unknown' } })
  const gone = storePath(`${'0'.repeat(32)}-gone`)
  await t.rejects(provenanceFacts({ store, journal }, gone), { message: /not valid any more/ })
})
