import t from 'tap'
import { RegistryError } from '../../src/core/errors/errors.ts'
import { Insights } from '../../src/insight/insights.ts'
import { generateSecretKey, parseSecretKey } from '../../src/insight/signing/signing-key.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { WEB, webDeps } from './web.ts'

/** Insights of one image, and what was done for them. */
function insightsOfWeb(fails: () => boolean = () => false, key = parseSecretKey(generateSecretKey('a'))) {
  const counts = { closures: 0, pinned: 0, released: 0 }
  const { store } = webDeps()
  const registry: Pick<Registry, 'pin'> = {
    pin: () => {
      counts.pinned += 1
      return () => void (counts.released += 1)
    },
  }
  const insights = new Insights({
    registry: registry as Registry,
    store: {
      ...store,
      closure: async (path) => {
        counts.closures += 1
        if (fails()) throw new RegistryError('unavailable', 'the path vanished')
        return store.closure(path)
      },
    },
    journal: { get: () => undefined, log: async () => undefined },
    key,
    supplier: undefined,
  })
  return { counts, insights }
}

void t.test('an inventory is made once for all who ask, and the image stays meanwhile', async (t) => {
  const { counts, insights } = insightsOfWeb()
  const [first, second] = await Promise.all([insights.inventory(WEB), insights.inventory(WEB)])
  t.equal(first, second)
  t.equal(await insights.inventory(WEB), first)
  t.strictSame(counts, { closures: 1, pinned: 1, released: 1 })
})

void t.test('a failure is not remembered', async (t) => {
  let fails = true
  const { counts, insights } = insightsOfWeb(() => fails)
  await t.rejects(insights.inventory(WEB), { message: 'the path vanished' })
  fails = false
  t.equal((await insights.inventory(WEB)).components.length, 2)
  t.strictSame(counts, { closures: 2, pinned: 2, released: 2 })
})

void t.test('documents', async (t) => {
  const { insights } = insightsOfWeb()
  const text = async (
    kind: 'plain' | 'bundle' | 'envelope',
    predicate: 'cyclonedx' | 'spdx' | 'provenance',
  ) => JSON.parse((await insights.document(WEB, { kind, predicate })).toString()) as object
  t.match(await text('plain', 'cyclonedx'), { bomFormat: 'CycloneDX' })
  t.match(await text('plain', 'provenance'), { predicateType: 'https://slsa.dev/provenance/v1' })
  t.match(await text('envelope', 'spdx'), { payloadType: 'application/vnd.in-toto+json' })
  t.match(await text('bundle', 'spdx'), { dsseEnvelope: await text('envelope', 'spdx') })
})

void t.test('without a key nothing is signed, and an index has no SBOM', async (t) => {
  const { insights } = insightsOfWeb()
  const unsigned = new Insights({ ...insightsDeps(), key: undefined })
  t.equal(unsigned.signs, false)
  await t.rejects(unsigned.document(WEB, { kind: 'bundle', predicate: 'signature' }), {
    message: /no signing key/,
  })
  const index = {
    root: WEB.root,
    kind: 'index',
    format: 'multi-platform image',
    manifest: WEB.manifest,
    documents: [],
    missing: [],
    images: [],
  } as const
  await t.rejects(insights.document(index, { kind: 'plain', predicate: 'spdx' }), {
    message: /each of its images/,
  })
})

function insightsDeps() {
  const registry: Pick<Registry, 'pin'> = { pin: () => () => undefined }
  const journal = { get: () => undefined, log: async () => undefined }
  return { registry: registry as Registry, store: webDeps().store, journal, supplier: undefined }
}
