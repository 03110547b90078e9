/** A registry of the Nix of this machine, and derivations of images that need nothing but /bin/sh. */
import { workName } from '../../src/store/work.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import { parseReference, type Reference } from '../../src/core/oci/reference.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { StoreReader } from '../../src/layer/store-reader.ts'
import { DaemonStore } from '../../src/store/daemon/daemon-store.ts'
import { EMBEDDED_COMMAND, processTransport } from '../../src/store/daemon/transport.ts'
import { DigestIndex } from '../../src/registry/state/digest-index.ts'
import { FrameFiles } from '../../src/registry/state/frame-files.ts'
import { UnpackCache } from '../../src/unpack/unpack-cache.ts'
import { Registry, type Blob, type RegistryOptions } from '../../src/registry/registry.ts'
import { WorkJournal } from '../../src/registry/work/work-journal.ts'
import { shellDerivation } from '../nix/real-store.ts'

/** So that nothing of an earlier run is found. */
export const RUN = `${process.pid}-${Date.now()}`
const base = mkdtempSync(join(tmpdir(), 'registry-'))
export const store = new DaemonStore(processTransport(EMBEDDED_COMMAND))
const reader = new StoreReader(2, SYSTEM_STORE)
t.teardown(async () => {
  store.close()
  await reader.close()
  rmSync(base, { recursive: true })
})

type Ending = {
  readonly teardown: (end: () => void | Promise<void>) => void
  readonly fail: (message: string) => unknown
}
let count = 0
const EVERYTHING = { builds: true, fetches: true, allow: [], deny: [], systems: [] }

/** A registry with a state of its own, which ends with the test, and the log of what it has Nix do. */
export function registryOf(t: Ending, options: Partial<RegistryOptions> = {}) {
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
    store,
    reader,
    index,
    journal,
    frames: new FrameFiles(join(directory, 'frames')),
    archives: {
      cache: new UnpackCache(join(directory, 'unpacked'), 1e9, SYSTEM_STORE),
      notes: index,
      narHash: (path) => store.narHash(path),
    },
    servePackages: false,
    requiredKeys: [],
    partialIndex: true,
    policy: EVERYTHING,
    roots: { directory, keepDays: 7 },
    holdMs: 60_000,
    verify: false,
    limits: {
      buildsAtOnce: 2,
      fetchesAtOnce: 8,
      queued: 100,
      ofClient: 0,
      workMs: 0,
      silentMs: 0,
      fetchBytes: 0,
    },
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
export function imageExpression(more: string, script = ''): string {
  const tool = shellDerivation(`unit-tool-${RUN}`, 'echo "tool" > $out')
  return `let tool = ${tool}; in ${shellDerivation(
    `unit-image-${RUN}.json`,
    `${script} echo "{\\"pushless\\":1,\\"name\\":\\"app\\",\\"architecture\\":\\"amd64\\",\\"os\\":\\"linux\\",\\"config\\":{\\"Entrypoint\\":[\\"$tool\\"]},\\"contents\\":[],\\"files\\":{\\"/more\\":{\\"text\\":\\"${more}\\"}},\\"maxLayers\\":10}" > $out`,
    'inherit tool;',
  )}`
}

/** An image in the quotes of a shell. */
export const quotedImage = (name: string) =>
  `{\\"pushless\\":1,\\"name\\":\\"${name}\\",\\"architecture\\":\\"amd64\\",\\"os\\":\\"linux\\",\\"config\\":{\\"Labels\\":{\\"which\\":\\"${name}\\"}},\\"contents\\":[],\\"maxLayers\\":1}`

export const referenceTo = (path: StorePath): Reference => parseReference(path.slice(1))

/** The whole of a blob. */
export async function bytesOf(blob: Blob): Promise<Buffer> {
  const parts = []
  for await (const chunk of blob.read({ start: 0, end: blob.size })) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

export const json = (bytes: Uint8Array) =>
  JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>
