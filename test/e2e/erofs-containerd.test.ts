/** containerd that mounts EROFS layers: a node says so in its hosts.toml, and pulls the same reference as all others. */
import { dirname } from 'node:path'
import t from 'tap'
import { imageName } from './client.ts'
import { startContainerd } from '../support/containerd.ts'
import { builtContainerd, missingContainerd } from '../support/containerd-built.ts'
import { busybox } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const SCRIPT = `echo from $(readlink /bin/sh); stat -c '%a %u %g %Y %n' /tmp /root /bin/sh /nix /nix/store
cat /etc/passwd; cat /proc/mounts; echo written > /tmp/file; cat /tmp/file`

void t.test(
  'containerd mounts the layers of an image, and runs it',
  { skip: missing('nix', 'root') || (await missingContainerd()) },
  async (t) => {
    const path = await busybox()
    const name = imageName(path)
    const { url, logs } = await startPushless(t, { args: ['--serve-packages'] })
    const containerd = await startContainerd(t, dirname(await builtContainerd()))
    await containerd.hostsDir(url)
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
      logs.every(({ level }) => Number(level) < 50),
      'no error',
    )
    t.match(await containerd.pull(name.replace(/:nix$/, ':erofs')), { exitCode: 0 }, 'by the tag, too')
    await containerd.remove(name)
  },
)
