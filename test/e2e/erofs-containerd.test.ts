/**
 * containerd that mounts EROFS layers: a node says so in its hosts.toml, and pulls the same reference as all others. 2.3
 * runs where PUSHLESS_TEST_CONTAINERD_2_3 asks for it.
 */
import t from 'tap'
import { imageName, repositoryUrl } from './client.ts'
import { startContainerd } from '../support/containerd.ts'
import { missingContainerd } from '../support/containerd-built.ts'
import { missingCri, startCri } from '../support/containerd-cri.ts'
import { criPods } from '../support/cri-containers.ts'
import { busybox, fixture, nixBuild } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'

const SCRIPT = `echo from $(readlink /bin/sh); stat -c '%a %u %g %Y %n' /tmp /root /bin/sh /nix /nix/store
cat /etc/passwd; cat /proc/mounts; echo written > /tmp/file; cat /tmp/file`

for (const version of ['2.4', '2.3'] as const) {
  void t.test(
    `containerd ${version} mounts the layers of an image, and runs it`,
    { skip: missing('nix', 'root') || (await missingContainerd(version)) },
    async (t) => {
      const path = await busybox()
      const name = imageName(path)
      const server = await sharedPushless('--serve-packages')
      const containerd = await startContainerd(t, version)
      await containerd.hostsDir(server.url)
      const pulled = await containerd.pull(name)
      t.equal(pulled.exitCode, 0, pulled.stderr)
      const { stdout: content } = await containerd.ctr('images', 'inspect', name)
      t.match(content, 'application/vnd.erofs.layer.v1')
      const ran = await containerd.run(name, ['/bin/sh', '-c', SCRIPT])
      t.equal(ran.exitCode, 0, ran.stderr)
      t.match(ran.stdout, `from ${path}/bin/sh`)
      t.match(ran.stdout, '1777 0 0 1 /tmp\n700 0 0 1 /root\n')
      t.match(ran.stdout, /^755 0 0 1 \/nix\n755 0 0 1 \/nix\/store$/m)
      t.match(ran.stdout, /^root:x:0:0:/m)
      t.match(ran.stdout, /^overlay \/ overlay /m)
      t.match(ran.stdout, /^written$/m)
      t.ok(
        server.logs.every(({ level }) => Number(level) < 50),
        'no error',
      )
      t.match(await containerd.pull(name.replace(/:nix$/, ':erofs')), { exitCode: 0 }, 'by the tag, too')
      await containerd.remove(name)
    },
  )

  void t.test(
    `containerd ${version} mounts them for Pods, too, which name the image as on all nodes`,
    { skip: missing('nix', 'root', 'busybox') || (await missingCri(version)) },
    async (t) => {
      const server = await sharedPushless()
      const [sandbox = '', greeter = ''] = await nixBuild(fixture('zero-copy.nix'), [
        '-A',
        'sandbox',
        '-A',
        'greeter',
      ])
      const cri = await startCri(t, version, server.url, {
        mountsErofs: true,
        emptyNetworks: true,
        sandboxImage: imageName(sandbox),
      })
      t.ok(cri.version.startsWith(`${version}.`))
      const image = imageName(greeter)
      t.match(await cri.pull(image), { kind: 'pulled' })
      const pods = criPods(t, cri.socket)
      const container = await pods.create(await pods.run(), { image })
      await pods.start(container)
      t.match(await pods.ended(container), { exitCode: 0 })
      const running = await pods.create(await pods.run(), { image, command: ['/bin/sleep', '1000'] })
      await pods.start(running)
      t.match(await pods.exec(running, ['/bin/say']), { stdout: 'hello\n' })
      t.match(await pods.exec(running, ['/bin/cat', '/proc/mounts']), { stdout: /^overlay \/ overlay /m })
      const pulled = server.logs.flatMap(({ msg, digest }) => (msg === 'pull' ? [digest] : []))
      const response = await fetch(`${repositoryUrl(server.url, greeter)}/manifests/erofs`)
      t.ok(pulled.includes(response.headers.get('docker-content-digest')), 'as EROFS')
    },
  )
}
