import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { UsageError } from '../../../src/cli/usage-error.ts'
import { readWarmInput } from '../../../src/cli/warm/warm-input.ts'
import { imageNameOf } from '../../../src/core/oci/reference.ts'
import { makeStorePath, withoutNix } from '../../nix/real-store.ts'

const HASHES = ['aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56', '5kj3i7kj8yh7q6mfxr3ndxw5kxkalhix']
const [A, B] = HASHES.map((hash, i) => `nix.internal/nix/store/${hash}-${'ab'[i]}:nix`) as [string, string]

async function read(
  names: readonly string[],
  { stdin = '', mayBeEmpty = false, hosts = [] as string[] } = {},
) {
  const input = { arguments: names, hosts, mayBeEmpty, stdin: Readable.from([stdin]) }
  const { images, foreign, malformed } = await readWarmInput(input)
  return {
    names: images.map(({ name }) => name),
    sources: images.flatMap(({ places }) => places.map(({ source }) => source)),
    foreign,
    malformed: malformed.length,
  }
}

void t.test('references, files, directories and standard input', async (t) => {
  const directory = t.testdir({
    'one.yaml': `image: ${A}`,
    'two.json': JSON.stringify({ image: B, other: { image: 'nginx' } }),
    'three.yml': `image: ${A}`,
    'notes.txt': `image: [`,
    below: { 'four.yaml': `image: [` },
  })
  const file = (name: string) => join(directory, name)
  for (const [names, expected] of [
    [[A], [A]],
    [
      [B, A, B],
      [B, A],
    ],
    [[`${HASHES[0]}-a:nix`], [A]],
    [[file('one.yaml')], [A]],
    [
      [file('two.json'), A],
      [B, A],
    ],
    [[directory], [A, B]],
    [['-'], [A]],
  ] as const) {
    t.strictSame((await read(names, { stdin: `image: ${A}` })).names, expected, names.join(' '))
  }
  const all = await read([directory])
  t.strictSame(all.sources, [file('one.yaml'), file('three.yml'), file('two.json')], 'and where they stand')
  t.strictSame(all.foreign, ['nginx'])
})

void t.test('hosts beside our own', async (t) => {
  const stdin = `image: ${A.replace('nix.internal', 'here:5000')}`
  t.strictSame((await read(['-'], { stdin, hosts: ['here:5000'] })).names.length, 1)
  await t.rejects(read(['-'], { stdin }), { message: /names no image/ })
})

void t.test('unusable input is refused with its reason', async (t) => {
  const directory = t.testdir({ 'empty.yaml': 'image: nginx', 'broken.yaml': 'a:\n  b: "c\n', empty: {} })
  const file = (name: string) => join(directory, name)
  for (const [name, message] of [
    ['nowhere.yaml', /^not an image: nowhere\.yaml: no such file, and not nix\.internal/],
    ['nginx:latest', /^not an image/],
    [
      file('empty.yaml'),
      /empty\.yaml: names no image of this registry \(of others’ images it names 1\); --allow-empty/,
    ],
    [file('empty'), /names no image/],
    ['-', /^standard input: names no image/],
    [file('broken.yaml'), /broken\.yaml:3:1: .*quote/],
  ] as const) {
    await t.rejects(read([A, name]), { constructor: UsageError, message }, name)
  }
  t.strictSame(await read([file('empty.yaml')], { mayBeEmpty: true }), {
    names: [],
    sources: [],
    foreign: ['nginx'],
    malformed: 0,
  })
  t.equal((await read(['-'], { stdin: 'image: nix.internal//nix/store/x' })).malformed, 1)
})

void t.test('outputs of Nix: images and manifests', { skip: withoutNix }, async (t) => {
  const directory = t.testdir()
  const link = async (name: string, path: string) => {
    await symlink(path, join(directory, name))
    return join(directory, name)
  }
  const manifest = await makeStorePath('unit-manifest.json', async (path) =>
    writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ image: A }] })),
  )
  const manifests = await makeStorePath('unit-manifests', async (path) => {
    await mkdir(path)
    await writeFile(
      join(path, 'pod.yaml'),
      `apiVersion: v1\nkind: Pod\nspec: {containers: [{image: '${B}'}]}\n`,
    )
  })
  const image = await makeStorePath('unit-image.json', async (path) => writeFile(path, '{"pushless": 1}'))
  const layout = await makeStorePath('unit-layout', async (path) => {
    await mkdir(path)
    await writeFile(join(path, 'index.json'), '{"schemaVersion": 2, "manifests": []}')
  })
  const latest = (path: typeof image) => imageNameOf(path).replace(/:nix$/, ':latest')
  for (const [path, expected] of [
    [manifest, A],
    [manifests, B],
    [image, latest(image)],
    [layout, latest(layout)],
  ] as const) {
    for (const argument of [path, await link(path.slice(-12), path)])
      t.strictSame((await read([argument])).names, [expected], argument)
  }
})
