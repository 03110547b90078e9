/** The Nix client against real daemons: the machine's own Nix (2.8 on Debian bookworm), and 2.26 in a chroot. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { contentAddressedPath, formatContentAddress } from '../../src/core/nix/content-address.ts'
import { storeHashOf, type StorePath } from '../../src/core/nix/store-path.ts'
import { inventoryOf } from '../../src/insight/inventory/inventory.ts'
import { LayerReader } from '../../src/insight/inventory/layer-contents.ts'
import { provenance } from '../../src/insight/provenance/provenance.ts'
import { provenanceFacts } from '../../src/insight/provenance/provenance-facts.ts'
import { cyclonedx } from '../../src/insight/sbom/cyclonedx.ts'
import { spdx } from '../../src/insight/sbom/spdx.ts'
import { DaemonStore } from '../../src/store/daemon/daemon-store.ts'
import type { Store, StoreEvent } from '../../src/store/store.ts'
import { processTransport } from '../../src/store/daemon/transport.ts'
import { WEB } from '../insight/web.ts'
import { chrootNix, missingTrixieNix } from '../support/chroot-nix.ts'
import { nar, sha256 } from '../support/nar.ts'
import { nixEnv } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { storePath } from '../store-path.ts'

type Nix = {
  readonly daemonCommand: readonly string[]
  /** Runs a Nix command line tool. */
  readonly run: (args: readonly string[]) => Promise<string>
  /** A file that the tool can read. */
  readonly addFile: (name: string, content: string) => Promise<string>
  readonly version: RegExp
}

/** What Nix calls experimental here is the option to trust less than it would. */
const FEATURE = ['--extra-experimental-features', 'daemon-trust-override']
const EXPRESSION = `
  { salt }:
  let
    system = builtins.currentSystem;
    dependency = derivation {
      name = "dependency-\${salt}"; inherit system; builder = "/bin/sh";
      args = [ "-c" "echo building the dependency; echo \${salt} > $out" ];
    };
  in {
    good = derivation {
      name = "good-\${salt}"; inherit system; builder = "/bin/sh"; outputs = [ "out" "dev" ];
      args = [ "-c" "echo one; echo two >&2; echo \${dependency} > $out; echo > $dev" ];
    };
    bad = derivation {
      name = "bad-\${salt}"; inherit system; builder = "/bin/sh";
      args = [ "-c" "echo about to fail; exit 3" ];
    };
  }`

/** What each Nix made of one image's contents. */
const documents: string[] = []

void t.test('the Nix of this machine', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'expression')
  await conforms(t, {
    daemonCommand: ['env', `NIX_CONF_DIR=${nixEnv.NIX_CONF_DIR}`, 'nix-daemon', '--stdio'],
    run: async ([command = '', ...args]) => (await execa(command, args, { env: nixEnv })).stdout,
    addFile: async (name, content) => {
      await writeFile(join(directory, name), content)
      return join(directory, name)
    },
    version: /^2\./,
  })
})

void t.test('Nix 2.26 or later', { skip: await missingTrixieNix() }, async (t) => {
  const chroot = await chrootNix(t)
  await conforms(t, { ...chroot, version: /^2\.(?:2[6-9]|[3-9][0-9])\./ })
  await t.test('that trusts nobody', async (t) => {
    const store = new DaemonStore(
      processTransport([...chroot.daemonCommand, ...FEATURE, '--force-untrusted']),
    )
    t.teardown(() => store.close())
    await adds(t, store, `untrusted-${process.pid}`)
  })
})

const both = { skip: missing('nix') || (await missingTrixieNix()) }
void t.test('documents about an image are the same by every Nix', both, async (t) => {
  t.equal(documents.length, 2)
  t.equal(new Set(documents).size, 1)
  t.match(documents[0] ?? '', /"name":"dependency-documents"/)
})

/** SBOMs and provenance of a path whose derivation is built with a fixed salt, so that every Nix has the same path. */
async function documentsOf(store: Store, derivation: StorePath): Promise<string> {
  const out = (await store.derivation(derivation)).outputs.get('out') ?? path('')
  if (!(await store.isValid(out))) await store.build(derivation, 'out', () => undefined)
  const paths = (await store.closure(out)).map((info) => info.path).toSorted()
  const layers = WEB.layers.map((layer) => ({ ...layer, source: { kind: 'paths' as const, paths } }))
  const reader = new LayerReader(async function* () {})
  const inventory = await inventoryOf({ store, layers: reader }, { ...WEB, root: out, layers })
  const journal = { get: () => undefined, log: async () => undefined }
  const facts = await provenanceFacts({ store, journal }, out)
  return JSON.stringify([cyclonedx(inventory), spdx(inventory), provenance(facts)])
}

/** What the registry asks of every Nix. */
async function conforms(t: Test, { daemonCommand, run, addFile, version }: Nix): Promise<void> {
  const store = new DaemonStore(processTransport(daemonCommand))
  t.teardown(() => store.close())
  const file = await addFile('expression.nix', EXPRESSION)
  const salt = `${process.pid}-${Date.now()}`
  const instantiate = async (attribute: string) =>
    path(await run(['nix-instantiate', file, '-A', attribute, '--argstr', 'salt', salt]))
  const good = await instantiate('good')
  const bad = await instantiate('bad')
  const outputs = (await run(['nix-store', '--query', '--outputs', good])).split('\n').map(path)
  const out = outputs.find((output) => !output.endsWith('-dev')) ?? path('')

  t.match(await store.connect(), version)
  t.equal(await store.isValid(out), false)
  t.equal(await store.isValid(good), true)
  t.equal(await store.pathFromHash(storeHashOf(out)), undefined)
  t.equal(await store.pathFromHash(storeHashOf(good)), good)
  t.strictSame(await store.derivers(out), [good], 'the deriver of a path that was never built')
  t.match(await store.missing([{ kind: 'fetch', path: out }]), {
    willBuild: [],
    willSubstitute: [],
    unknown: [out],
  })
  t.equal((await store.missing([{ kind: 'build', derivation: good, output: 'out' }])).willBuild.length, 2)

  const fixed = await run(['nix-instantiate', file, '-A', 'good', '--argstr', 'salt', 'documents'])
  documents.push(await documentsOf(store, path(fixed)))

  const roots = await store.openRoots()
  await roots.add(out)
  const events: StoreEvent[] = []
  t.strictSame(await store.build(good, 'out', (event) => events.push(event)), { kind: 'done' })
  t.equal(events.filter(({ kind }) => kind === 'building').length, 2)
  t.strictSame(
    events.flatMap((event) => (event.kind === 'log' && event.derivation === good ? [event.line] : [])),
    ['one', 'two'],
    'lines of its log, live and told apart from those of its dependency',
  )
  const closure = await store.closure(out)
  t.equal(closure.length, 2)
  t.strictSame(
    closure.map((info) => info.path).toSorted(),
    (await run(['nix-store', '--query', '--requisites', out])).split('\n').toSorted(),
  )
  for (const info of closure) {
    t.match(info.narHash, /^[0-9a-f]{64}$/)
    t.equal(String(info.narSize), (await run(['nix-store', '--query', '--size', info.path])).trim())
  }
  await t.rejects(run(['nix-store', '--delete', out]), 'what has a temporary root is not deleted')
  roots.close()

  const failed = await store.build(bad, 'out', () => undefined)
  t.match(failed, { kind: 'failed', status: /Failure$/, message: /exit code 3/ })
  const unknown = path(`/nix/store/${'0'.repeat(32)}-unknown`)
  t.match(await store.fetch(unknown, () => undefined).catch((error: unknown) => error), {
    kind: 'fetch-failed',
  })
  t.match(await store.closure(unknown).catch((error: unknown) => error), { kind: 'unavailable' })
  t.equal(await store.isValid(good), true, 'and questions are answered after all that')
  await adds(t, store, salt)
}

/** Contents are added under the path that they give themselves, by whatever Nix and however little it trusts us. */
async function adds(t: Test, store: Store, salt: string): Promise<void> {
  const roots = await store.openRoots()
  const content = Buffer.from(`content of ${salt}`)
  const source = nar({ file: content })
  let reference: StorePath | undefined
  for (const [method, bytes] of [
    ['archive', source],
    ['flat', content],
    ['text', content],
  ] as const) {
    const references = method === 'text' && reference !== undefined ? [reference] : []
    const name = `${method}-${salt}`
    const expected = path(contentAddressedPath(name, { method, hash: sha256(bytes) }, references) ?? '')
    await roots.add(expected)
    const addition = { name, method, references, content: oneByOne(bytes) }
    t.equal(await store.add(addition, AbortSignal.timeout(60_000)), expected, method)
    t.match(await store.info(expected), {
      narHash: sha256(source),
      narSize: source.length,
      references,
      contentAddress: formatContentAddress({ method, hash: sha256(bytes) }),
    })
    reference = expected
  }
  roots.close()
  const broken = { name: `broken-${salt}`, method: 'archive', references: [] } as const
  for (const bytes of [source.subarray(0, 100), Buffer.from('no archive, but long enough to be one')])
    t.match(
      await store
        .add({ ...broken, content: oneByOne(bytes) }, AbortSignal.timeout(60_000))
        .catch((error: unknown) => error),
      { kind: 'malformed', message: /^Nix refused broken/ },
    )
  async function* failing() {
    yield content
    throw new Error('cannot be read')
  }
  t.match(
    await store
      .add({ ...broken, content: failing() }, AbortSignal.timeout(60_000))
      .catch((error: unknown) => error),
    { kind: 'unavailable' },
    'a content that breaks off adds nothing',
  )
  if (reference !== undefined)
    t.equal(await store.isValid(reference), true, 'and the next question is answered')
}

async function* oneByOne(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
}

function path(text: string): StorePath {
  return storePath(text.trim().replace(/!.*$/, ''))
}
