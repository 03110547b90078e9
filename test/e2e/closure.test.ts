/** A real closure, made of Debian packages, runs in a container that has nothing else. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execa } from 'execa'
import { imageName, pullManifest } from './client.ts'
import { debianClosure } from '../fixtures/debian-closure.ts'
import { startContainerd } from '../support/containerd.ts'
import { nixEnv } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'

const LIBRARY = fileURLToPath(new URL('../../nix', import.meta.url))
/** Of what the registry may need for its first manifest; the bench measures it. */
const COLD_LIMIT_MS = 5_000

void t.test(
  'bash, git and perl from the closure alone',
  { skip: missing('nix', 'containerd', 'dpkg', 'root') },
  async (t) => {
    const closure = await debianClosure()
    const expression = `(import ${LIBRARY} { }).image {
    name = "closure"; contents = [ (builtins.storePath ${closure.root}) ]; system = builtins.currentSystem;
  }`
    const { stdout: image } = await execa('nix-build', ['--no-out-link', '-E', expression], { env: nixEnv })
    const { url } = await sharedPushless()
    const start = performance.now()
    const { manifest } = await pullManifest(url, image)
    t.ok(performance.now() - start < COLD_LIMIT_MS)
    t.ok(manifest.layers.length > 10, `${closure.paths.length} paths in ${manifest.layers.length} layers`)

    const containerd = await startContainerd(t)
    await containerd.hostsDir(url)
    t.match(await containerd.pull(imageName(image)), { exitCode: 0 })
    const script =
      'cd /tmp && git init -q . && git -c user.name=x -c user.email=x commit -q --allow-empty -m it-runs && git log --format=%s; ls / | tr "\\n" " "'
    const ran = await containerd.run(imageName(image), ['/bin/bash', '-c', script])
    t.match(ran, { exitCode: 0, stdout: /^it-runs\n/ }, ran.stderr)
    t.notMatch(ran.stdout, /\b(?:usr|var)\b/, 'nothing of the machine is in it')
  },
)
