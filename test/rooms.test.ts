/**
 * The rooms of src/ import in one direction, and no two files import each other, types included. What is new in a room
 * may use what is listed here; another use is a decision about the architecture, and is made in this table.
 */
import { glob, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Rooms, and files beside them, with the rooms that each may import from. */
const USES: { readonly [room: string]: readonly string[] } = {
  core: [],
  store: ['core'],
  // Chosen in one place: what uses a store knows the contract alone.
  'store/daemon': ['core', 'store'],
  'store/own': ['core', 'store', 'store/daemon'],
  'store/cache': ['core', 'store', 'unpack'],
  layer: ['core'],
  unpack: ['core'],
  encoded: ['core', 'unpack'],
  source: ['core', 'layer', 'unpack'],
  registry: ['core', 'store', 'layer', 'unpack', 'source', 'tracing'],
  'nix-cache': ['core', 'store', 'layer', 'unpack'],
  // The store only for the words that say that there is no Nix.
  kubernetes: ['core', 'store'],
  // The contract to a cluster, and never its transport.
  delivery: ['core', 'kubernetes'],
  // The store only for the words that say that there is no Nix.
  catalogue: ['core', 'kubernetes', 'store'],
  // The way from a profile to objects in a target: the core of the delivery does what changes a cluster.
  operator: ['core', 'store', 'source', 'kubernetes', 'delivery', 'catalogue'],
  tls: ['core'],
  tracing: [],
  access: ['core'],
  // Protocols of container runtimes.
  nri: [],
  // The mounts of containers: between a runtime and the images that were made.
  'zero-copy': ['core', 'nri', 'registry', 'store'],
  archive: ['core', 'layer', 'registry'],
  insight: ['core', 'store', 'registry'],
  http: ['core', 'access', 'layer', 'encoded', 'registry', 'insight', 'nix-cache', 'kubernetes', 'tracing'],
  // The modes and patterns that settings may have, from where they are used.
  settings: ['core', 'access', 'http', 'nix-cache', 'tls', 'store', 'store/cache'],
  'open-registry.ts': [
    'core',
    'access',
    'settings',
    'store',
    'store/daemon',
    'store/own',
    'store/cache',
    'layer',
    'unpack',
    'registry',
  ],
  // The parts of the server that it opens and hears.
  server: [
    'core',
    'access',
    'encoded',
    'settings',
    'store/own',
    'http',
    'insight',
    'registry',
    'tracing',
    'zero-copy',
  ],
  'server.ts': [
    'core',
    'access',
    'settings',
    'server',
    'store',
    'http',
    'insight',
    'nix-cache',
    'open-registry.ts',
    'registry',
    'tls',
    'zero-copy',
  ],
  cli: [
    'core',
    'access',
    'settings',
    'store',
    'layer',
    'registry',
    'kubernetes',
    'delivery',
    'catalogue',
    'operator',
    'archive',
    'insight',
    'http',
    'tls',
    'open-registry.ts',
    'server.ts',
  ],
  'prepare-node.ts': [],
  'main.ts': ['core', 'settings', 'cli', 'prepare-node.ts'],
}
const IMPORT = /^(?:import|export)\b[^'";]*?\bfrom '(\.[^']+)'|\bimport\('(\.[^']+)'\)|^import '(\.[^']+)'/gm

void t.test('rooms import in one direction', async (t) => {
  const imports = await readImports()
  t.ok(imports.size > 200)
  for (const [file, others] of imports) {
    const allowed = USES[roomOf(file)]
    if (allowed === undefined) t.fail(`${file} is in no room that is known`)
    const wrong = others.filter(
      (other) => roomOf(other) !== roomOf(file) && allowed?.includes(roomOf(other)) === false,
    )
    if (wrong.length > 0) t.fail(`${file} imports ${wrong.join(', ')}`)
  }
})

void t.test('no file imports itself by way of others', async (t) => {
  t.same(cyclesOf(await readImports()), [])
})

void t.test('a cycle is found', async (t) => {
  const imports = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
  ])
  t.same(cyclesOf(imports), [['a', 'b', 'c', 'a']])
})

async function readImports(): Promise<ReadonlyMap<string, readonly string[]>> {
  const files = await Array.fromAsync(glob('src/**/*.ts', { cwd: root }))
  const read = files.sort().map(async (file): Promise<[string, string[]]> => {
    const text = await readFile(join(root, file), 'utf8')
    const found = Array.from(
      text.matchAll(IMPORT),
      ([, from, dynamic, alone]) => from ?? dynamic ?? alone ?? '',
    )
    const names = found.map((name) => normalize(join(dirname(file), name)))
    return [file, names.filter((name) => name.startsWith('src/'))]
  })
  return new Map(await Promise.all(read))
}

/** `src/core/oci/digest.ts` is in `core`, `src/main.ts` is its own; the innermost room that the table has. */
function roomOf(file: string): string {
  const [, outer = '', inner = ''] = file.split('/')
  return Object.hasOwn(USES, `${outer}/${inner}`) ? `${outer}/${inner}` : outer
}

/** Each cycle that a walk from the first file meets, as the files on the way. */
function cyclesOf(imports: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const cycles: string[][] = []
  const done = new Set<string>()
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file)
    if (at !== -1) cycles.push([...way.slice(at), file])
    if (at !== -1 || done.has(file)) return
    for (const other of imports.get(file) ?? []) visit(other, [...way, file])
    done.add(file)
  }
  for (const file of imports.keys()) visit(file, [])
  return cycles
}
