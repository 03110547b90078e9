import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseImageArgument } from '../../src/cli/image-argument.ts'
import { storeHashOf, storeNameOf } from '../../src/core/nix/store-path.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'

void t.test('forms of names that people paste', async (t) => {
  for (const [text, slug, tag, host = 'nix.internal'] of [
    [HASH, undefined, 'latest'],
    [`${HASH}-hello`, 'hello', 'latest'],
    [`${HASH}-hello:nix`, 'hello', 'nix'],
    [`${HASH}:dev`, undefined, 'dev'],
    [`/nix/store/${HASH}-hello`, 'hello', 'latest'],
    [`/nix/store/${HASH}-hello.drv:dev`, 'hello.drv', 'dev'],
    [`nix/store/${HASH}-hello`, 'hello', 'latest'],
    [`nix.internal/nix/store/${HASH}-hello:nix`, 'hello', 'nix'],
    [`nix.internal//nix/store/${HASH}-hello`, 'hello', 'latest'],
    [`localhost:5000/nix/store/${HASH}-hello:nix`, 'hello', 'nix', 'localhost:5000'],
    [`docker://localhost:5000/nix/store/${HASH}`, undefined, 'latest', 'localhost:5000'],
    [`/nix/store/${HASH}-libX11-1.8`, 'libX11-1.8', 'latest'],
    [`/nix/store/${HASH}-gtk+3=x?`, 'gtk+3=x?', 'latest'],
  ] as const) {
    const isTagged = tag !== 'latest'
    const found = await parseImageArgument(text)
    t.strictSame(found, { reference: { storeHash: HASH, slug }, tag, isTagged, host }, text)
  }
})

void t.test('texts that aren’t names of images', async (t) => {
  for (const text of [
    '',
    'nginx',
    'nginx:latest',
    './nowhere',
    '/etc/passwd',
    HASH.slice(1),
    `${HASH}x`,
    `${HASH}-hello:a:b`,
    `nix/store/${HASH}-hello@sha256:${'0'.repeat(64)}`,
  ]) {
    await t.rejects(
      parseImageArgument(text),
      { name: 'RegistryError', kind: 'name-invalid', message: `not an image: ${text}` },
      JSON.stringify(text),
    )
  }
  await t.rejects(
    parseImageArgument(`e${HASH.slice(1)}`),
    { name: 'RegistryError', kind: 'not-found' },
    'no digit of base 32',
  )
})

void t.test('links to store paths, as nix build leaves them', { skip: withoutNix }, async (t) => {
  const path = await makeStorePath('unit-argument', async (path) => {
    await mkdir(join(path, 'bin'), { recursive: true })
    await writeFile(join(path, 'bin', 'run'), '')
  })
  const directory = mkdtempSync(join(tmpdir(), 'image-argument-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const link = join(directory, 'result')
  symlinkSync(path, link)
  symlinkSync('result', join(directory, 'result-2'))
  const expected = {
    reference: { storeHash: storeHashOf(path), slug: storeNameOf(path) },
    tag: 'latest',
    isTagged: false,
    host: 'nix.internal',
  }
  for (const text of [
    link,
    `${link}/`,
    join(directory, 'result-2'),
    path,
    `${path}/`,
    `${path}/bin/run`,
    `${link}/bin/run`,
  ]) {
    t.strictSame(await parseImageArgument(text), expected, text.replace(directory, ''))
  }
  const file = join(directory, 'file')
  writeFileSync(file, '')
  await t.rejects(parseImageArgument(file), { name: 'RegistryError', kind: 'name-invalid' })
})
