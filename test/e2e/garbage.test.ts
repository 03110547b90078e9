/** The garbage collector, at the worst moments: while a build runs, and while what it made is being pulled. */
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { pullAll, pullManifest, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { fixture } from '../support/nix.ts'
import { privateNix } from '../support/private-nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

void t.test('nix-collect-garbage', { skip: missing('nix', 'root') }, async (t) => {
  const nix = await privateNix(t)
  const collect = () => nix.run(['nix-collect-garbage'])
  const [other = ''] = await nix.run(['nix-build', '--no-out-link', fixture('shapes.nix'), '-A', 'one'])
  const isThere = (path: string) =>
    lstat(join(nix.directory, path.replace(/^\/nix\//, ''))).then(
      () => true,
      () => false,
    )
  const args = ['-A', 'slow', '--argstr', 'salt', 'garbage', '--arg', 'seconds', '4']
  const [drv = ''] = await nix.run(['nix-instantiate', fixture('shapes.nix'), ...args])
  const [output = ''] = await nix.run(['nix-store', '--query', '--outputs', drv])
  const server = await startPushless(t, { prefix: nix.prefix, args: ['--serve-packages'] })

  await t.test('while it is being built', async (t) => {
    const asked = fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`)
    await until(() => server.logs.find(({ kind }) => kind === 'building'))
    const progress = { isOver: false }
    void asked.finally(() => (progress.isOver = true))
    let collections = 0
    for (; !progress.isOver; collections++) {
      await collect()
      await setTimeout(200)
    }
    t.equal((await asked).status, 200)
    t.ok(collections > 1, `${collections} collections`)
    t.equal(await isThere(other), false, 'which took what nobody needs')
  })

  await t.test('between manifest and blobs, and after the pull', async (t) => {
    const { digest } = await pullManifest(server.url, output)
    await collect()
    t.ok((await pullAll(server.url, output)).size > 1)
    await collect()
    t.ok(await isThere(output))
    t.equal((await pullManifest(server.url, output)).digest, digest)
  })
})
