/** The commands of a delivery, as people type them, against a real API server. */
import { once } from 'node:events'
import { mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { EXAMPLES } from '../../src/cli/examples.ts'
import { startApiServer } from '../support/api-server.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { nixEnv } from '../support/nix.ts'
import { missing, searchPath } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const LIBRARY = fileURLToPath(new URL('../..', import.meta.url))
const LIMIT_MS = 60_000
const NEWS = 'data: {text: "old"}'
const OBJECTS = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
${NEWS}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
`

const skip = missing('etcd', 'kubectl') || (await missingKubernetes('kube-apiserver'))

void t.test('the commands of a delivery', { skip, timeout: 300_000 }, async (t) => {
  const directory = await temporaryDirectory(t, 'delivery')
  const server = await startApiServer(t)
  const kubeconfig = join(directory, 'kubeconfig')
  await writeFile(kubeconfig, server.kubeconfig)
  await mkdir(join(directory, 'bin'))
  await mkdir(join(directory, 'deploy'))
  await writeFile(
    join(directory, 'bin/pushless'),
    `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${MAIN}' "$@"\n`,
    { mode: 0o755 },
  )
  // kubectl finds its plugins by their names.
  await symlink('pushless', join(directory, 'bin/kubectl-pushless'))
  const objects = join(directory, 'deploy/web.yaml')
  const env = {
    ...nixEnv,
    PATH: `${directory}/bin:${searchPath()}`,
    KUBECONFIG: kubeconfig,
    XDG_STATE_HOME: join(directory, 'state'),
    PUSHLESS_REGISTRY: '',
  }
  const options = { cwd: directory, env, reject: false, timeout: LIMIT_MS } as const
  const pushless = (...args: readonly string[]) => execa('pushless', [...args], options)
  const kubectl = (...args: readonly string[]) => execa('kubectl', [...args], options)
  const write = (text: string) => writeFile(objects, text)

  await t.test('a set is applied, changed, rolled back and deleted', async (t) => {
    await write(OBJECTS)
    const first = await pushless('apply', './deploy', '--name', 'web')
    t.match(first, { exitCode: 0, stdout: 'default/web generation 1: delivered' })
    t.same(first.stderr.split('\n').sort(), [
      'created ConfigMap default/settings',
      'created Service default/web',
    ])
    t.match(await pushless('apply', './deploy', '--name', 'web'), {
      exitCode: 0,
      stdout: 'default/web generation 1: nothing to change',
      stderr: '',
    })

    await write(OBJECTS.replace('old', 'new').replace(/---[^]*/, ''))
    t.match((await pushless('diff', './deploy', '--name', 'web')).stdout.split('\n'), [
      '~ ConfigMap default/settings',
      '    /data/text: "old" → "new"',
      '- Service default/web will be deleted',
      '1 object: 1 to change, 1 to delete; nothing was changed',
    ])
    t.match(await pushless('apply', './deploy', '--name', 'web', '--prune'), {
      exitCode: 0,
      stdout: 'default/web generation 2: delivered',
      stderr: 'changed ConfigMap default/settings\ndeleted Service default/web',
    })
    t.match(await pushless('rollback', 'web'), { exitCode: 0, stdout: 'default/web generation 3: delivered' })
    t.equal((await kubectl('get', 'configmap', 'settings', '-o', 'jsonpath={.data.text}')).stdout, 'old')
    t.equal((await kubectl('get', 'service', 'web', '-o', 'name')).stdout, 'service/web')

    const history = (await pushless('history', 'web')).stdout
    t.match(history, /^ +1 .* delivered +2 +sha256:[0-9a-f]{64}$/m)
    t.match(history, /^ +3 .* delivered +2 +sha256:[0-9a-f]{64} +rollback to 1$/m)
    t.match((await pushless('status')).stdout, /^default\/web +3 +delivered +2 /m)
    t.match(await pushless('status', 'web'), { exitCode: 0, stdout: /2 objects, 0 not healthy$/ })
    t.match(await pushless('delete', 'web'), { exitCode: 0, stdout: 'default/web: deleted' })
    t.equal(
      (await kubectl('get', 'configmap,service,secret', '-o', 'name')).stdout.includes('settings'),
      false,
    )
    t.equal((await kubectl('get', 'secret', '-o', 'name')).stdout, '', 'no generation is left')
    t.match(await pushless('history', 'web'), { exitCode: 2, stderr: /no set default\/web was delivered/ })
  })

  await t.test('drift is found with status 3, and corrected', async (t) => {
    // The Service is corrected when the ConfigMap is ready.
    await write(
      OBJECTS.replace('{name: settings}', '{name: settings, annotations: {pushless.internal/wave: "-1"}}'),
    )
    await pushless('apply', './deploy', '--name', 'web')
    t.match(await pushless('drift', 'web'), { exitCode: 0, stdout: 'default/web: as it was delivered' })
    await kubectl('patch', 'configmap', 'settings', '-p', '{"data":{"text":"mine","more":"1"}}')
    await kubectl('delete', 'service', 'web')
    t.match(await pushless('drift', 'web', '--correct'), {
      exitCode: 3,
      stdout: [
        'changed ConfigMap default/settings (corrected)',
        '    /data/text: "mine" → "old"',
        '    /data/more: "1" was added by kubectl-patch, and goes',
        'missing Service default/web (corrected)',
      ].join('\n'),
    })
    t.match(await pushless('drift', 'web'), { exitCode: 0 })
    await pushless('delete', 'web')
  })

  await t.test('drift is corrected while it is watched', async (t) => {
    await write(OBJECTS)
    await pushless('apply', './deploy', '--name', 'web')
    const watching = execa('pushless', ['drift', 'web', '--watch', '--correct', '--json'], {
      ...options,
      buffer: false,
    })
    // The first change may come before the watch. The first look finds it all the same.
    await kubectl('patch', 'configmap', 'settings', '-p', '{"data":{"text":"mine"}}')
    const [line] = (await once(watching.stdout, 'data')) as [Buffer]
    t.match(JSON.parse(line.toString()), {
      name: 'settings',
      corrected: true,
      fields: [{ live: '"mine"', desired: '"old"' }],
    })
    watching.kill('SIGINT')
    t.match(await watching, { exitCode: 0 })
    t.equal((await kubectl('get', 'configmap', 'settings', '-o', 'jsonpath={.data.text}')).stdout, 'old')
    await pushless('delete', 'web')
  })

  await t.test('a store path is a revision, kept by a Nix profile', { skip: missing('nix') }, async (t) => {
    const build = async (value: string): Promise<string> => {
      await writeFile(join(directory, 'shop.json'), configMap(value))
      return (await execa('nix-store', ['--add', 'shop.json'], options)).stdout
    }
    const [one, two] = [await build('1'), await build('2')]
    await symlink(one, join(directory, 'result'))
    t.match(await pushless('apply', './result'), {
      exitCode: 0,
      stdout: 'default/shop generation 1: delivered',
    })
    t.match(await pushless('apply', two, '--history-limit', '1'), {
      exitCode: 0,
      stdout: 'default/shop generation 2: delivered',
    })
    t.match((await pushless('history', 'shop')).stdout, new RegExp(two))
    const profiles = join(directory, 'state/pushless/profiles')
    const cluster = (await kubectl('get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}'))
      .stdout
    const profile = join(profiles, cluster, 'default/shop')
    t.equal(await readlink(profile), 'shop-2-link')
    t.equal(await readlink(`${profile}-2-link`), two)
    await t.rejects(readlink(`${profile}-1-link`), { code: 'ENOENT' }, 'a generation that is forgotten')
    t.match(
      (await execa('nix-env', ['--profile', profile, '--list-generations'], options)).stdout,
      /^ +2 .*\(current\)/m,
    )
    t.match((await execa('nix-store', ['--query', '--roots', two], options)).stdout, /shop-2-link/)
    await pushless('delete', 'shop')
  })

  await t.test('app.yaml is built and delivered', { skip: missing('nix', 'busybox') }, async (t) => {
    const { busybox } = await import('../support/nix.ts')
    await writeFile(
      join(directory, 'hello.yaml'),
      `name: hello\npackage: ${await busybox()}\ncommand: [sleep, "1"]\n`,
    )
    t.match(await pushless('apply', 'hello.yaml', '--name', 'hello', '--no-keep'), { exitCode: 0 })
    const image = (
      await kubectl('get', 'deployment', 'hello', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')
    ).stdout
    t.match(image, /^nix\.internal\/nix\/store\//)
    await pushless('delete', 'hello')
  })

  await t.test('kubectl has it as a plugin', async (t) => {
    const version = (JSON.parse(await readFile(join(LIBRARY, 'package.json'), 'utf8')) as { version: string })
      .version
    t.match(await kubectl('pushless', '--version'), { exitCode: 0, stdout: version })
    t.match(await kubectl('pushless', 'status'), { exitCode: 0, stdout: 'no sets in namespace default' })
  })

  await t.test('what is wrong is said with its place, and changes nothing', async (t) => {
    const cases: readonly (readonly [string, string, number, RegExp])[] = [
      [
        'a kind that there is not',
        'apiVersion: v1\nkind: Servce\nmetadata: {name: a}\n',
        2,
        /deploy\/web\.yaml:1: Servce a: the cluster has no kind Servce of v1/,
      ],
      [
        'a value of another type',
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: b\n  c: 1\n',
        1,
        /deploy\/web\.yaml:6: ConfigMap default\/a: .*data\.c: expected string/,
      ],
      [
        'a namespace that there is not',
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: nowhere}\n',
        1,
        /namespace nowhere is not there: add it to the set, or create it/,
      ],
      ['no name', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {a: b}}\n', 2, /web\.yaml:\d.*name/],
      ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', 2, /web\.yaml:\d.*kind/],
      [
        'a value out of range',
        'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n    - port: 70000\n',
        1,
        /deploy\/web\.yaml:6: Service default\/a: spec\.ports\[0\]\.port: Invalid value: 70000: must be between 1 and 65535/,
      ],
      ['no object', '# nothing\n', 2, /no Kubernetes object/],
      ['broken YAML', 'a: [\n', 2, /deploy\/web\.yaml:/],
    ]
    for (const [what, text, status, message] of cases) {
      await write(text)
      const result = await pushless('apply', './deploy', '--name', 'wrong')
      t.equal(result.exitCode, status, what)
      t.match(result.stderr, message, what)
    }
    t.match(await pushless('status', 'wrong'), { exitCode: 2 })
    await write(OBJECTS)
    t.match(await pushless('apply', './deploy'), {
      exitCode: 2,
      stderr: /--name: nothing in \.\/deploy names the set/,
    })
    t.match(await pushless('apply', './deploy', '--name', 'x', '--context', 'other'), {
      exitCode: 2,
      stderr: /no context other, there is: /,
    })
  })

  await t.test('the examples of the help', async (t) => {
    await write(OBJECTS)
    for (const name of ['apply', 'status', 'history', 'rollback', 'drift', 'delete'])
      for (const example of EXAMPLES[name] ?? []) {
        const { exitCode, stderr } = await execa('sh', ['-euc', example], options)
        t.equal(exitCode, 0, `${example}: ${stderr}`)
      }
  })
})

function configMap(value: string): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop' }, data: { value } })
}
