/** The images of a delivery: the registry makes them first, says why it can't, and tells what changes in them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { imageName } from './client.ts'
import { insightImage } from './insight-image.ts'
import { startApiServer } from '../support/api-server.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { fixture, nixBuild, nixEnv, only } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const LIMIT_MS = 90_000
const skip = missing('nix', 'etcd', 'kubectl', 'busybox') || (await missingKubernetes('kube-apiserver'))

void t.test('images of a delivery', { skip, timeout: 3 * LIMIT_MS }, async (t) => {
  const directory = await temporaryDirectory(t, 'delivery-images')
  const [server, registry] = await Promise.all([startApiServer(t), startPushless(t)])
  const kubeconfig = join(directory, 'kubeconfig')
  await writeFile(kubeconfig, server.kubeconfig)
  const options = {
    cwd: directory,
    env: {
      ...nixEnv,
      KUBECONFIG: kubeconfig,
      XDG_STATE_HOME: directory,
      PUSHLESS_STATE: join(directory, 'state'),
    },
    reject: false,
    timeout: LIMIT_MS,
  } as const
  const pushless = (...args: readonly string[]) =>
    execa(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], options)
  // Names that nobody built before.
  const salt = ['--argstr', 'salt', directory]
  const manifest = async (name: string) => only(await nixBuild(fixture('pods.nix'), ['-A', name, ...salt]))
  const asked = [`--registry=${registry.url}`, '--no-keep']

  await t.test('a build that fails is shown with its log, and nothing is applied', async (t) => {
    const result = await pushless('apply', await manifest('broken'), ...asked)
    t.equal(result.exitCode, 1)
    t.match(result.stderr, /image nix\.internal\/nix\/store\/\S+: .*build failed/)
    t.match(result.stderr, /^ {2}\| no compiler here$/m)
    t.match(await execa('kubectl', ['get', 'pods'], options), { stderr: /No resources found/ })
    t.match(await pushless('status', 'broken'), { exitCode: 2 })
  })

  await t.test('an image is built before its Pod is made', async (t) => {
    const result = await pushless('apply', await manifest('slow'), ...asked)
    t.match(result, { exitCode: 0, stdout: 'default/slow generation 1: delivered' })
    const lines = result.stderr.split('\n')
    const ready = lines.findIndex((line) => line.startsWith('ready image'))
    t.ok(ready >= 0 && ready < lines.indexOf('created Pod default/slow'), result.stderr)
  })

  await t.test('a change tells which packages of the image change', async (t) => {
    const [old, next] = [await insightImage(), await insightImage('files."/new".text = "new";')]
    await writeFile(join(directory, 'web.yaml'), pod(old))
    t.match(await pushless('apply', 'web.yaml', ...asked), { exitCode: 0 })
    await writeFile(join(directory, 'web.yaml'), pod(next))
    const { exitCode, stdout } = await pushless('diff', 'web.yaml')
    t.equal(exitCode, 0, stdout)
    t.match(stdout, /^~ Pod default\/web\n {4}\/spec\/containers\[name=web\]\/image: "nix\.internal/m)
    t.match(
      stdout,
      /^→ nix\.internal\/nix\/store\/\S+\n {2}in Pod default\/web, spec\.containers\[0\]\.image$/m,
    )
    t.match(stdout, /^packages +\d+ unchanged, \d+ only rebuilt$/m)
  })
})

function pod(image: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: "${imageName(image)}"}]}\n`
}
