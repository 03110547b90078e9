/** What the examples' manifests name is pulled by that name, and runs: the todo application's two parts talk. */
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { execa } from 'execa'
import t from 'tap'
import { buildExample } from '../examples/example-build.ts'
import { evaluate, root } from '../nix/nix-command.ts'
import { startContainerd } from '../support/containerd.ts'
import { busybox } from '../support/nix.ts'
import { podmanFor, type Podman } from '../support/podman.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'
import { until } from './until.ts'

type PodSpec = {
  readonly containers: readonly object[]
  readonly volumes?: readonly { readonly name: string }[]
  readonly securityContext?: object
}
type Workload = {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly template: { readonly spec: PodSpec }
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[]
  }
}

void t.test('the images of the examples', { skip: missing('nix', 'busybox') }, async (t) => {
  const [greeter, todo, nginx] = [
    await buildExample(t, 'greeter'),
    await buildExample(t, 'todo-app'),
    await buildExample(t, 'nginx'),
  ]
  const results = [greeter, todo, nginx]
  const images = (await Promise.all(results.map(imagesIn))).flat()
  t.equal(images.length, 4, 'one each, and the database’s')
  const { url } = await sharedPushless()

  await t.test('are there, says a check that asks the registry', async (t) => {
    const args = ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`, 'manifests', 'check']
    const { stdout } = await execa(execPath, [...args, '--registry', url, ...results], { timeout: 60_000 })
    t.match(stdout, /0 problems/)
    t.match(stdout, /4 images/)
  })

  await t.test('are pulled by containerd', { skip: missing('containerd', 'root') }, async (t) => {
    const containerd = await startContainerd(t)
    await containerd.hostsDir(url)
    for (const image of images) t.match(await containerd.pull(image), { exitCode: 0 }, image)
    const [hello = ''] = await imagesIn(greeter)
    t.match(await containerd.run(hello), { exitCode: 0, stdout: /^Hello from \/nix\/store\// })
  })

  await t.test('are pulled and run by podman', { skip: missing('podman', 'root') }, async (t) => {
    const podman = await podmanFor(t, url)
    for (const image of images) t.match(await podman.pull(image), { exitCode: 0 }, image)

    await t.test('the todo application keeps an item', async (t) => {
      await play(t, podman, onePod('todo-database', await workloadsIn(todo)))
      const program = String(await evaluate(`(import ${root}examples/greeter/hello.nix { }).busybox`))
      const database = 'todo-database-todo-database'
      await wget(podman, database, program, 'http://127.0.0.1:5000/cgi-bin/items')
      const page = 'http://127.0.0.1:8080/cgi-bin/items'
      const ask = async () => wget(podman, 'todo-database-todo-web', program, page)
      t.notMatch(await ask(), '<li>')
      const form = ['-S', '-O', '-', '--post-data', 'item=buy+%3Cmilk%3E', page]
      const posted = await podman.podman('exec', 'todo-database-todo-web', program, 'wget', ...form)
      t.match(posted.stderr, 'HTTP/1.1 303', 'to a relative place, where this wget doesn’t follow')
      t.match(await ask(), '<ul>\n<li>buy &lt;milk>')
      const { stdout } = await podman.podman('exec', database, program, 'cat', '/data/items')
      t.equal(stdout.trim(), 'buy <milk>', 'it is the database that has it')
    })

    await t.test('nginx serves its page', async (t) => {
      const deployment = await readFile(join(nginx, '50-deployment-nginx.json'), 'utf8')
      await play(t, podman, onePod('nginx', [JSON.parse(deployment) as Workload]))
      const page = await wget(podman, 'nginx-nginx', `${await busybox()}/bin/busybox`, 'http://127.0.0.1/')
      t.equal(page, '<h1>Nobody pushed this nginx</h1>')
    })
  })
})

/** The references in a file or directory that kubectl reads. */
async function imagesIn(result: string): Promise<string[]> {
  const files = (await stat(result)).isFile()
    ? [result]
    : (await readdir(result)).filter((name) => name.endsWith('.json')).map((name) => join(result, name))
  const texts = await Promise.all(files.map(async (file) => readFile(file, 'utf8')))
  return [...new Set(texts.join('\n').match(/nix\.internal\/nix\/store\/[^"]+/g))]
}

async function workloadsIn(file: string): Promise<Workload[]> {
  const { items } = JSON.parse(await readFile(file, 'utf8')) as { items: Workload[] }
  return items.filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')
}

/**
 * The Pods of the workloads as one, with all that is in their templates: containers of one Pod reach each other without a
 * network of the machine. podman knows no Services, but every container knows its Pod's name, which is given that of the
 * Service that is asked for. Without `ports`, which podman would map to the machine's.
 */
function onePod(name: string, workloads: readonly Workload[]): object {
  const specs = workloads.map(({ spec }) => spec.template.spec)
  const claims = workloads.flatMap(({ metadata, spec }) =>
    (spec.volumeClaimTemplates ?? []).map(({ metadata: { name } }) => ({
      name,
      persistentVolumeClaim: { claimName: `${name}-${metadata.name}-0` },
    })),
  )
  const volumes = [...claims, ...specs.flatMap((spec) => spec.volumes ?? [])]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      securityContext: specs[0]?.securityContext,
      containers: specs.flatMap(({ containers }) =>
        containers.map((container) => ({ ...container, ports: [] })),
      ),
      volumes: [...new Map(volumes.map((volume) => [volume.name, volume])).values()],
    },
  }
}

/** With loopback as its only network, so that no port of the machine is taken. */
async function play(scope: Scope, podman: Podman, pod: object): Promise<void> {
  const file = join(await temporaryDirectory(scope, 'pod'), 'pod.json')
  await writeFile(file, JSON.stringify(pod))
  const { exitCode, stdout, stderr } = await podman.podman('kube', 'play', '--network', 'none', file)
  if (exitCode !== 0) throw new Error(`podman kube play: ${stdout}${stderr}`)
}

/** What the container gets, as soon as there is someone to answer. */
async function wget(podman: Podman, container: string, program: string, page: string): Promise<string> {
  return until(async () => {
    const got = await podman.podman('exec', container, program, 'wget', '-q', '-O', '-', page)
    return got.exitCode === 0 ? got.stdout.trim() : undefined
  })
}
