/** The use cases of a pull against the Nix of this machine, with derivations that need nothing but /bin/sh. */
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { digestOf } from '../../src/core/digest.ts'
import { parseReference, type Reference } from '../../src/core/reference.ts'
import type { StorePath } from '../../src/core/store-path.ts'
import { StoreReader } from '../../src/layer/store-reader.ts'
import { NixStore } from '../../src/nix/nix-store.ts'
import { EMBEDDED_COMMAND, processTransport } from '../../src/nix/transport.ts'
import { DigestIndex } from '../../src/registry/digest-index.ts'
import { UnpackCache } from '../../src/unpack/unpack-cache.ts'
import { Registry, type Blob, type RegistryOptions } from '../../src/registry/registry.ts'
import { workName } from '../../src/registry/resolve.ts'
import { WorkJournal } from '../../src/registry/work-journal.ts'
import {
  instantiate,
  makeStorePath,
  nixStoreQuery,
  realise,
  shellDerivation,
  withoutNix,
} from '../nix/real-store.ts'

/** So that nothing of an earlier run is found. */
const RUN = `${process.pid}-${Date.now()}`
const base = mkdtempSync(join(tmpdir(), 'registry-'))
const nix = new NixStore(processTransport(EMBEDDED_COMMAND))
const reader = new StoreReader(2)
t.teardown(async () => {
  nix.close()
  await reader.close()
  rmSync(base, { recursive: true })
})

type Ending = {
  readonly teardown: (end: () => void | Promise<void>) => void
  readonly fail: (message: string) => unknown
}
let count = 0
const EVERYTHING = { builds: true, fetches: true, allow: [], deny: [], systems: [] }

function registryOf(t: Ending, options: Partial<RegistryOptions> = {}) {
  const directory = join(base, `state-${count++}`)
  const index = new DigestIndex(directory)
  const journal = new WorkJournal({
    directory,
    failureMs: 60_000,
    logBytes: 1e6,
    onTrouble: (error) => t.fail(String(error)),
  })
  const work: string[] = []
  const registry = new Registry({
    nix,
    reader,
    index,
    journal,
    archives: {
      cache: new UnpackCache(join(directory, 'unpacked'), 1e9),
      notes: index,
      narHash: (path) => nix.narHash(path),
    },
    servePackages: false,
    requiredKeys: [],
    partialIndex: true,
    policy: EVERYTHING,
    roots: { directory, keepDays: 7 },
    holdMs: 60_000,
    verify: false,
    limits: { buildsAtOnce: 2, fetchesAtOnce: 8, queued: 100, workMs: 0, silentMs: 0, fetchBytes: 0 },
    onWork: (what, { kind }) => work.push(`${kind} ${workName(what)}`),
    ...options,
  })
  t.teardown(async () => {
    registry.close()
    await journal.close()
    index.close()
  })
  return { registry, work, directory }
}

/** A pushless image that needs a tool, as a Nix expression; `more` makes it another one. */
function imageExpression(more: string, script = ''): string {
  const tool = shellDerivation(`unit-tool-${RUN}`, 'echo "tool" > $out')
  return `let tool = ${tool}; in ${shellDerivation(
    `unit-image-${RUN}.json`,
    `${script} echo "{\\"pushless\\":1,\\"name\\":\\"app\\",\\"architecture\\":\\"amd64\\",\\"os\\":\\"linux\\",\\"config\\":{\\"Entrypoint\\":[\\"$tool\\"]},\\"contents\\":[],\\"files\\":{\\"/more\\":{\\"text\\":\\"${more}\\"}},\\"maxLayers\\":10}" > $out`,
    'inherit tool;',
  )}`
}

/** An image in the quotes of a shell. */
const quotedImage = (name: string) =>
  `{\\"pushless\\":1,\\"name\\":\\"${name}\\",\\"architecture\\":\\"amd64\\",\\"os\\":\\"linux\\",\\"config\\":{\\"Labels\\":{\\"which\\":\\"${name}\\"}},\\"contents\\":[],\\"maxLayers\\":1}`

const referenceTo = (path: StorePath): Reference => parseReference(path.slice(1))

async function bytesOf(registry: Registry, blob: Blob): Promise<Buffer> {
  const parts = []
  for await (const chunk of registry.read(blob, { start: 0, end: blob.size })) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>

void t.test(
  'an image is built by its derivation, and all that its manifest names can be pulled',
  { skip: withoutNix },
  async (t) => {
    const { registry, work } = registryOf(t)
    const derivation = await instantiate(imageExpression('one'))
    const [output] = await nixStoreQuery('--outputs', derivation)
    t.equal(await nix.isValid(output as StorePath), false, 'not built yet')

    const manifest = await registry.manifest(referenceTo(derivation), { kind: 'tag', tag: 'latest' })
    t.ok(work.includes(`started ${derivation}!out`) && work.includes(`done ${derivation}!out`))
    t.equal(manifest.digest, digestOf(manifest.bytes))
    const { layers, config } = json(manifest.bytes) as {
      layers: { digest: string; size: number }[]
      config: { digest: string; size: number }
    }
    t.equal(layers.length, 2, 'the tool, and the root')
    const reference = parseReference(String(output).slice(1))
    for (const { digest, size } of [...layers, config]) {
      const blob = await registry.blob(reference, digest as typeof manifest.digest)
      const bytes = await bytesOf(registry, blob)
      t.equal(bytes.length, size)
      t.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest)
    }
    const document = json((await registry.image(reference, 'latest')).config.bytes)
    t.match(document, { architecture: 'amd64', rootfs: { diff_ids: layers.map(({ digest }) => digest) } })

    const again = await registry.manifest(reference, { kind: 'digest', digest: manifest.digest })
    t.equal(again.digest, manifest.digest, 'by digest')
    const asBlob = await registry.blob(reference, manifest.digest)
    t.ok((await bytesOf(registry, asBlob)).equals(manifest.bytes), 'and as a blob')

    const other = registryOf(t)
    const elsewhere = await other.registry.manifest(reference, { kind: 'digest', digest: manifest.digest })
    t.strictSame(
      Buffer.from(elsewhere.bytes),
      Buffer.from(manifest.bytes),
      'a registry that knows nothing comes to the same',
    )
    t.strictSame(other.work, [], 'without building')
  },
)

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
      detail: { retryAfterSeconds: 5 },
    })
    for (let i = 0; i < 600; i++) {
      const image = await registry.image(referenceTo(derivation), 'latest').catch(() => undefined)
      if (image !== undefined) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    t.equal((await registry.image(referenceTo(derivation), 'latest')).kind, 'pushless image')
    t.equal(work.filter((line) => line.startsWith('started')).length, 1)
  },
)

void t.test('what is no image, or nothing at all', { skip: withoutNix }, async (t) => {
  const { registry } = registryOf(t)
  const directory = await makeStorePath('unit-plain', async (path) => {
    await mkdir(path)
    await writeFile(join(path, 'secret'), '')
  })
  const file = await makeStorePath('unit-text', (path) => writeFile(path, 'text'))
  for (const [what, name, kind] of [
    ['a plain package', directory.slice(1), 'denied'],
    ['a file', file.slice(1), 'denied'],
    ['nothing', 'nix/store/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-nothing', 'name-unknown'],
    ['another name', `${directory.slice(1)}-other`, 'name-unknown'],
  ] as const) {
    await t.rejects(registry.image(parseReference(name), 'latest'), { name: 'RegistryError', kind }, what)
  }
  const open = registryOf(t, { servePackages: true })
  t.equal(
    (await open.registry.image(referenceTo(directory), 'latest')).kind,
    'package',
    'where the operator allows it',
  )
  await t.rejects(open.registry.image(referenceTo(file), 'latest'), { name: 'RegistryError', kind: 'denied' })
})

void t.test('digests that aren’t of this image', { skip: withoutNix }, async (t) => {
  const { registry } = registryOf(t)
  const [output] = await realise(await instantiate(imageExpression('one')))
  if (output === undefined) return
  const strange = digestOf(Buffer.from('strange'))
  await t.rejects(registry.blob(referenceTo(output), strange), {
    name: 'RegistryError',
    kind: 'blob-unknown',
    detail: { digest: strange },
  })
  await t.rejects(registry.manifest(referenceTo(output), { kind: 'digest', digest: strange }), {
    name: 'RegistryError',
    kind: 'manifest-unknown',
  })
  await t.rejects(registry.manifest(referenceTo(output), { kind: 'tag', tag: 'v1' }), {
    name: 'RegistryError',
    kind: 'manifest-unknown',
  })
  t.strictSame(await registry.tags(referenceTo(output)), ['latest', 'nix'])
})

void t.test(
  'each output of a derivation is an image of its own, found by digest too',
  { skip: withoutNix },
  async (t) => {
    const { registry } = registryOf(t)
    const derivation = await instantiate(
      shellDerivation(
        `unit-outputs-${RUN}`,
        `echo "${quotedImage('out')}" > $out; echo "${quotedImage('dev')}" > $dev`,
        'outputs = [ "out" "dev" ];',
      ),
    )
    const reference = referenceTo(derivation)
    t.strictSame(await registry.tags(reference), ['dev', 'latest', 'nix', 'out'])
    const dev = await registry.manifest(reference, { kind: 'tag', tag: 'dev' })
    const out = await registry.manifest(reference, { kind: 'tag', tag: 'latest' })
    t.not(dev.digest, out.digest)
    const fresh = registryOf(t).registry
    t.equal((await fresh.manifest(reference, { kind: 'digest', digest: dev.digest })).digest, dev.digest)
  },
)

void t.test('a layer of a handful of entries is served like others', { skip: withoutNix }, async (t) => {
  // Its frame is so small that Node would take it from a pool of memory that can't be moved between threads.
  const { registry } = registryOf(t)
  const [output] = await realise(await instantiate(imageExpression('one')))
  if (output === undefined) return
  const { layers } = await registry.image(referenceTo(output), 'latest')
  const smallest = layers.toSorted((a, b) => a.size - b.size)[0]
  t.ok(smallest !== undefined && smallest.size < 4096)
  if (smallest === undefined) return
  t.equal(
    (await bytesOf(registry, await registry.blob(referenceTo(output), smallest.digest))).length,
    smallest.size,
  )
})

void t.test('a changed file is never served to the end as what it was', { skip: withoutNix }, async (t) => {
  const { registry } = registryOf(t, { verify: true, servePackages: true })
  const root = await makeStorePath(`unit-changed-${RUN}`, async (path) => {
    await mkdir(path)
    await writeFile(join(path, 'file'), 'a'.repeat(600_000))
  })
  const [layer] = (await registry.image(referenceTo(root), 'latest')).layers
  if (layer === undefined) return
  const blob = await registry.blob(referenceTo(root), layer.digest)
  t.equal((await bytesOf(registry, blob)).length, layer.size)
  const file = join(root, 'file')
  const { mode } = statSync(file)
  t.teardown(() => {
    chmodSync(file, 0o644)
    writeFileSync(file, 'a'.repeat(600_000))
    chmodSync(file, mode)
  })
  chmodSync(file, 0o644)
  writeFileSync(file, `b${'a'.repeat(599_999)}`)
  await t.rejects(bytesOf(registry, blob), { name: 'RegistryError', kind: 'unavailable' })
})
