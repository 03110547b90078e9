/** A reader thread finds the same in an image's files as the thread that asks it. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { StoreReader } from '../../src/layer/store-reader.ts'
import { closureFiles } from '../../src/source/files/closure-files.ts'
import { readPackage, readRootEntries, readStart } from '../../src/source/reader-work.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { storePath } from '../store-path.ts'

/** More than are sent in one piece. */
const MANY = 1_203

void t.test('the same as without a thread', { skip: withoutNix }, async (t) => {
  const reader = new StoreReader(1, SYSTEM_STORE)
  t.teardown(() => reader.close())
  const member = await makeStorePath('certificates-1.0', async (path) => {
    await mkdir(join(path, 'etc/ssl/certs'), { recursive: true })
    await writeFile(join(path, 'etc/ssl/certs/ca-bundle.crt'), 'certificates')
  })
  const stranger = await makeStorePath('stranger-1.0', (path) =>
    mkdir(join(path, 'lib'), { recursive: true }),
  )
  const path = await makeStorePath('reader-1.0', async (path) => {
    await mkdir(join(path, 'bin'), { recursive: true })
    await writeFile(join(path, 'bin/reader'), 'text', { mode: 0o755 })
    for (let i = 0; i < MANY; i++) await symlink('reader', join(path, `bin/.hidden-${i}`))
    await symlink(join(member, 'etc'), join(path, 'etc'))
    await symlink(join(stranger, 'lib'), join(path, 'lib'))
  })
  const filesWith = (members: readonly StorePath[]) => {
    const closure = new Set(members)
    return {
      here: closureFiles(path, async () => closure, SYSTEM_STORE),
      onThread: closureFiles(path, async () => closure, SYSTEM_STORE, { reader }),
    }
  }
  for (const members of [[path], [path, member]]) {
    const { here, onThread } = filesWith(members)
    const [expected, found] = [await readPackage(path, here), await readPackage(path, onThread)]
    t.strictSame({ ...found, entries: [...found.entries] }, { ...expected, entries: [...expected.entries] })
    t.equal(found.command, 'reader')
    t.equal(found.certificates !== undefined, members.includes(member), 'of the closure alone')
    const names = [...found.entries].map(({ name }) => String(name))
    t.equal(names.filter((name) => name.startsWith('bin/.hidden-')).length, MANY)
    t.equal(names.includes('etc/ssl'), members.includes(member), 'a link is followed within the closure')
    t.same([...found.entries], [...found.entries], 'they can be read again')
  }
  const { here, onThread } = filesWith([path])
  for (const files of [here, onThread]) {
    t.strictSame(await readStart(path, files), { kind: 'directory' })
    const gone = storePath('/nix/store/00000000000000000000000000000000-gone')
    await t.rejects(readStart(gone, files), { kind: 'unavailable', message: /store path vanished/ })
  }
  const wanted = { contents: [], files: { '/a': { text: 'text' } }, links: { '/b': '/a' } }
  const [expected, found] = [await readRootEntries(here, wanted), await readRootEntries(onThread, wanted)]
  t.strictSame([...found], [...expected])
  await t.rejects(readRootEntries(onThread, { ...wanted, links: { '/b': 'a\0b' } }), {
    name: 'RegistryError',
    kind: 'unservable',
  })
})
