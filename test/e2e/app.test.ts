/** A file without Nix in it, deployed: what `pushless manifests` prints is played by podman, and answers over HTTP. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { until } from './until.ts'
import { freePort } from '../support/free-port.ts'
import { nixEnv } from '../support/nix.ts'
import { podmanFor } from '../support/podman.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LIMIT_MS = 120_000

/** As `examples/todo-app` has it, saying who runs it and what it may write to. */
const program = (port: number) => `import ${ROOT}examples/todo-app/program.nix { } {
  name = "who";
  port = ${port};
  script = ''
    printf 'Content-Type: text/plain\\r\\n\\r\\n'
    $busybox id -u
    ( echo > /tmp/here ) 2>/dev/null && echo "writes to /tmp"
    ( echo > /there ) 2>/dev/null || echo "not to /"
    echo "$GREETING"
  '';
}`

void t.test('app.yaml, played by podman', { skip: missing('nix', 'podman', 'root') }, async (t) => {
  const port = await freePort()
  const built = await execa('nix-build', ['--no-out-link', '-E', program(port)], {
    env: nixEnv,
    timeout: LIMIT_MS,
  })
  const directory = await temporaryDirectory(t, 'app')
  // The host's network, since a test may not change the machine's, where podman maps no ports.
  await writeFile(
    join(directory, 'app.yaml'),
    `name: who
package: ${built.stdout.trim()}
port: ${port}
env:
  GREETING: hello
extend:
  Deployment: {spec: {template: {spec: {hostNetwork: true, containers: {who: {ports: null}}}}}}
`,
  )
  const printed = await execa(
    execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(ROOT, 'dist/main.js'),
      'manifests',
      'app.yaml',
      '--print',
      '-o',
      'result',
    ],
    { cwd: directory, env: nixEnv, timeout: LIMIT_MS },
  )
  const manifest = join(directory, 'printed.yaml')
  await writeFile(manifest, printed.stdout)

  const { url } = await sharedPushless()
  const podman = await podmanFor(t, url)
  const played = await podman.podman('kube', 'play', manifest)
  t.equal(played.exitCode, 0, played.stderr)
  const text = await until(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/cgi-bin/items`).catch(() => undefined)
    return response?.ok === true ? response.text() : undefined
  })
  t.equal(text, '65532\nwrites to /tmp\nnot to /\nhello\n')
  const down = await podman.kubeDown(manifest)
  t.equal(down.exitCode, 0, down.stderr)
})
