/** Registries that share a state directory, as an update has them for a moment, or a mistake for longer. */
import t from 'tap'
import { pullAll, pullManifest } from './client.ts'
import { fixture, nixInstantiate, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const REGISTRIES = 4

void t.test('registries with one state directory', { skip: missing('nix') }, async (t) => {
  const state = await temporaryDirectory(t, 'state')
  const servers = await Promise.all(
    Array.from({ length: REGISTRIES }, () => startPushless(t, { args: ['--serve-packages'], state })),
  )
  t.equal(
    new Set(servers.map(({ port }) => port)).size,
    REGISTRIES,
    'all start, on a directory that is new to all',
  )
  const path = await shape('diamond')
  const args = ['-A', 'slow', '--argstr', 'salt', `shared-state-${process.pid}`, '--arg', 'seconds', '1']
  const drv = await nixInstantiate(fixture('shapes.nix'), args)
  // Nix looks every 5 s whether what another of its processes builds is there: two are enough for that.
  for (const [image, several] of [
    [path, servers],
    [drv, servers.slice(0, 2)],
  ] as const) {
    const pulls = await Promise.all(several.map(({ url }) => pullManifest(url, image)))
    t.equal(new Set(pulls.map(({ digest }) => digest)).size, 1, 'and give the same image at the same moment')
  }
  await Promise.all(servers.map(async ({ url }) => t.ok((await pullAll(url, drv)).size > 1)))
  t.same(
    servers.flatMap(({ logs }) => logs.filter(({ level }) => Number(level) >= 50)),
    [],
  )
})
