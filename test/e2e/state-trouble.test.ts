/**
 * The state directory is a cache: while its disk is full, or after somebody deleted it, what needs no disk
 * is served as ever, /readyz tells how things are, and afterwards all is as before.
 */
import { readdir, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { pullAll, pullManifest } from './client.ts'
import { archiveFixture } from '../support/nix.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TROUBLED = /^ok, but the state directory cannot be used/

/** An image that nobody asked for before. */
const image = (name: string) =>
  makeStorePath(`${name}-${process.pid}.json`, (path) =>
    writeFile(
      path,
      JSON.stringify({
        pushless: 1,
        name,
        architecture: 'amd64',
        os: 'linux',
        config: {},
        contents: [],
        maxLayers: 60,
      }),
    ),
  )
const readiness = async ({ url }: Pushless) => {
  const response = await fetch(`${url}/readyz`)
  return { status: response.status, text: await response.text() }
}
const troubles = ({ logs }: Pushless) =>
  logs.filter(({ msg }) => String(msg).startsWith('the state directory cannot be used'))

void t.test('a state directory whose disk is full', { skip: missing('nix', 'root') }, async (t) => {
  const state = await temporaryDirectory(t, 'state-trouble')
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'pushless-test', state])
  t.teardown(() => execa('umount', ['--lazy', state]).then(() => undefined))
  const server = await startPushless(t, { state })
  const archive = await archiveFixture('buildLayeredImage', 'gz')
  const known = await image('known')
  await pullAll(server.url, known)
  t.strictSame(await readiness(server), { status: 200, text: 'ok\n' })

  const filler = join(state, 'filler')
  const { bavail, bsize } = await statfs(state)
  await writeFile(filler, Buffer.alloc(bavail * bsize)).catch(() => undefined)
  await pullAll(server.url, known)
  for (let i = 0; i < 3; i++) await pullAll(server.url, await image(`new-${i}`))
  t.match(await readiness(server), { status: 200, text: TROUBLED })
  t.equal(troubles(server).length, 1, 'the operator hears of it once')
  await t.rejects(
    pullManifest(server.url, archive),
    { message: /^503/ },
    'what has to be unpacked has to wait',
  )

  await rm(filler)
  t.ok((await pullAll(server.url, archive)).size > 1)
  await pullAll(server.url, await image('after'))
  t.strictSame(await readiness(server), { status: 200, text: 'ok\n' })
  await server.stop()
})

void t.test(
  'a state directory that is deleted while the server runs',
  { skip: missing('nix') },
  async (t) => {
    const state = join(await temporaryDirectory(t, 'state-trouble'), 'state')
    const server = await startPushless(t, { state })
    const archive = await archiveFixture('buildLayeredImage', 'gz')
    const blobs = await pullAll(server.url, archive)
    await rm(state, { recursive: true })
    t.strictSame(await pullAll(server.url, archive), blobs, 'an archive is unpacked again')
    await pullAll(server.url, await image('after-deletion'))
    t.strictSame(await readiness(server), { status: 200, text: 'ok\n' })
    t.ok((await readdir(state)).includes('index.sqlite'), 'it is made anew')
    await server.stop()

    const again = await startPushless(t, { state })
    await pullAll(again.url, archive)
    t.strictSame(troubles(again), [])
    await again.stop()
  },
)

void t.test(
  'what is in the state directory is for its owner',
  { skip: missing('nix', 'root') },
  async (t) => {
    const state = join(await temporaryDirectory(t, 'state-modes'), 'state')
    await execa('install', ['-d', '-m', '0755', state])
    // As earlier versions left it.
    await writeFile(join(state, 'work.sqlite'), '', { mode: 0o644 })
    const server = await startPushless(t, { state })
    await pullAll(server.url, await archiveFixture('buildLayeredImage', 'gz'))
    const found: Record<string, string> = {}
    const look = async (path: string): Promise<void> => {
      const { mode } = await stat(path)
      found[path.slice(state.length)] = (mode & 0o777).toString(8)
      if ((await stat(path)).isDirectory() && !path.endsWith('/roots'))
        for (const name of await readdir(path)) await look(join(path, name))
    }
    await look(state)
    t.ok(Object.keys(found).length > 6, Object.keys(found).join(' '))
    for (const [path, mode] of Object.entries(found)) t.match(mode, /^[67]00$/, path)
    await server.stop()
  },
)
