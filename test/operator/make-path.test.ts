/** How the operator gets a store path: it is there, is fetched, or is built where that is allowed. */
import t from 'tap'
import { parseNamePattern, type NamePattern, type Policy } from '../../src/core/policy.ts'
import { parseStorePath, type StorePath } from '../../src/core/nix/store-path.ts'
import { makeOutput, makePath } from '../../src/operator/source/make-path.ts'
import { SourceError } from '../../src/operator/source/source-error.ts'
import { memoryStore, type World } from '../store/memory-store.ts'

const WEB = path('web')
const DERIVATION = path('web.drv')
const BUILT: World = { valid: [DERIVATION], derivations: new Map([[DERIVATION, { out: WEB }]]) }

function path(name: string): StorePath {
  const found = parseStorePath(`/nix/store/00000000000000000000000000000000-${name}`)
  if (found === undefined) throw new Error(name)
  return found
}

/** @returns what was done, or the reason of the failure. */
async function make(
  world: World,
  mayBuild: boolean,
  isDerivation = false,
  further: Partial<Policy> = {},
): Promise<string> {
  const store = memoryStore(world)
  const work: string[] = []
  const options = {
    store,
    policy: { builds: mayBuild, fetches: true, allow: [], deny: [], systems: [], ...further },
    onWork: (message: string) => work.push(message.split(' ')[0] ?? ''),
    signal: new AbortController().signal,
  }
  try {
    if (isDerivation) await makeOutput(DERIVATION, 'out', options)
    else await makePath(WEB, options)
    return (await store.isValid(WEB)) ? work.join(' ') : 'not valid'
  } catch (error) {
    if (error instanceof SourceError) return `${error.reason}${error.isFinal ? ' final' : ''}`
    throw error
  }
}

void t.test('a store path', async (t) => {
  t.equal(await make({ valid: [WEB] }, false), '')
  t.equal(await make({ substitutable: [WEB] }, false), 'fetching')
  t.equal(await make(BUILT, true), 'fetching building')
  t.equal(await make(BUILT, false), 'BuildsNotAllowed final')
  t.equal(await make({}, true), 'FetchFailed')
  t.equal(await make({ ...BUILT, failures: new Map([[DERIVATION, 'no']]) }, true), 'BuildFailed')
})

void t.test('an output of a derivation', async (t) => {
  t.equal(await make({ ...BUILT, valid: [WEB, DERIVATION] }, false, true), '')
  t.equal(await make(BUILT, true, true), 'fetching building')
  t.equal(await make({ ...BUILT, substitutable: [WEB] }, false, true), 'fetching')
  t.equal(await make(BUILT, false, true), 'BuildsNotAllowed final')
  t.equal(
    await make({ substitutable: [DERIVATION], derivations: BUILT.derivations ?? new Map() }, true, true),
    'fetching fetching building',
  )
  t.equal(await make({}, true, true), 'FetchFailed')
  const other = new Map([[DERIVATION, { lib: WEB }]])
  t.equal(await make({ ...BUILT, derivations: other }, true, true), 'BuildFailed final')
})

function names(text: string): readonly NamePattern[] {
  return [parseNamePattern(text)].flatMap((one) => one ?? [])
}

void t.test('the policy', async (t) => {
  const offered: World = { substitutable: [WEB] }
  const both: World = { ...BUILT, valid: [WEB, DERIVATION] }
  for (const [world, further, isDerivation, expected] of [
    [offered, { fetches: false }, false, 'NotAllowed final'],
    [offered, { allow: names('web') }, false, 'fetching'],
    [offered, { allow: names('shop*') }, false, 'NotAllowed final'],
    [offered, { deny: names('we?') }, false, 'NotAllowed final'],
    [offered, { deny: names('shop') }, false, 'fetching'],
    [BUILT, { deny: names('web') }, true, 'NotAllowed final'],
    [BUILT, { systems: ['s390x-linux'] }, true, 'NoBuilder final'],
    // A path that is there needs no decision.
    [both, { fetches: false, deny: names('web') }, true, ''],
  ] as const satisfies readonly (readonly [World, Partial<Policy>, boolean, string])[])
    t.equal(await make(world, true, isDerivation, further), expected, JSON.stringify(further))
})
