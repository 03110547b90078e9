/** Each containerd is the one it is said to be, pulls what the reference registry has, and says why it can't. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { registryWithBusybox } from './busybox-registry.ts'
import { missingCri, startCri } from './containerd-cri.ts'
import { missing } from './requirement.ts'
import { scoped } from './scope.ts'

const versions = { machine: /^[12]\./, trixie: /^1\.7\./, sid: /^2\./ } as const

for (const origin of ['machine', 'trixie', 'sid'] as const) {
  const skip = missing('nix', 'skopeo', 'docker-registry') || (await missingCri(origin))
  void t.test(`containerd of ${origin}, through CRI`, { skip }, async (t) => {
    const { registry, reference } = await registryWithBusybox(t)
    const pid = await scoped(async (scope) => {
      const [first, other] = await Promise.all([
        startCri(scope, origin, registry.url),
        startCri(scope, origin, registry.url),
      ])
      t.match(first.version, versions[origin])
      t.match(await first.pull(reference), { kind: 'pulled', imageId: /^sha256:[0-9a-f]{64}$/ })
      t.match(await first.pull('nix.internal/nix/store/absent:nix'), { kind: 'failed', message: /not found/ })
      t.match(await first.pull('nix.internal//nix'), { kind: 'failed', message: /invalid reference format/ })
      await registry.stop()
      t.match(
        await other.pull(reference),
        { kind: 'failed', message: /connection refused/ },
        'of its own store',
      )
      const mounts = await readFile('/proc/self/mounts', 'utf8')
      t.notMatch(mounts, /\/pushless-cri-/, 'mounts nothing here')
      return first.pid
    })
    t.notOk(existsSync(`/proc/${pid}`))
  })
}
