/** Each example with its own commands: what is built, what the checks say of it, and what kubectl takes it for. */
import { execPath } from 'node:process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { commandsOf, buildExample } from './example-build.ts'
import { root, withoutNix } from '../nix/nix-command.ts'
import { withoutHelm } from '../support/helm.ts'
import { kubectlFor } from '../support/kubectl.ts'
import { missing } from '../support/requirement.ts'

type Example = {
  readonly name: string
  readonly skip?: string | false
  /** What the directory has in it; undefined: it is one file. */
  readonly files?: readonly string[]
  /** By kubectl, in this order. */
  readonly created: readonly string[]
}

const EXAMPLES: readonly Example[] = [
  { name: 'greeter', created: ['pod/greeter'] },
  {
    name: 'todo-app',
    created: [
      'serviceaccount/todo-database',
      'statefulset.apps/todo-database',
      'service/todo-database',
      'serviceaccount/todo-web',
      'deployment.apps/todo-web',
      'service/todo-web',
      'ingress.networking.k8s.io/todo-web',
      'poddisruptionbudget.policy/todo-web',
    ],
  },
  {
    name: 'nginx',
    files: ['40-service-nginx.json', '50-deployment-nginx.json', 'Kustomization', 'objects.jsonl'],
    created: ['service/nginx', 'deployment.apps/nginx'],
  },
  {
    name: 'helm',
    skip: withoutHelm,
    files: [
      '30-configmap-web-site.yaml',
      '40-service-web-site.yaml',
      '50-deployment-web-site.yaml',
      'Kustomization',
      'objects.jsonl',
    ],
    created: ['configmap/site', 'service/site', 'deployment.apps/site'],
  },
]

void t.test('each example is in the table, or has a test of its own', async (t) => {
  const names = [...EXAMPLES.map(({ name }) => name), 'app-yaml', 'catalogue']
  t.same(await readdir(`${root}examples`), names.toSorted())
})

for (const { name, skip = false, files, created } of EXAMPLES) {
  void t.test(name, { skip: withoutNix || missing('busybox') || skip }, async (t) => {
    const [build, apply] = await commandsOf(`${name}/default.nix`)
    t.equal(build, `nix build -f examples/${name} -o result`)
    const result = await buildExample(t, name)

    if (files === undefined) {
      t.ok((await stat(result)).isFile())
      t.equal(apply, 'kubectl apply -f result')
    } else {
      t.same((await readdir(result)).toSorted(), files)
      t.equal(apply, 'kubectl apply -f ./result/')
    }

    await t.test('is what Kubernetes takes', async (t) => {
      const { exitCode, stdout, stderr } = await check(result)
      t.equal(exitCode, 0, stderr)
      const objects = created.length === 1 ? '1 object' : `${created.length} objects`
      t.match(stdout, new RegExp(`^${objects} for Kubernetes [0-9.]+, 0 problems$`))
    })

    await t.test('is taken by kubectl, in order', { skip: missing('kubectl') }, async (t) => {
      const { dryRun } = await kubectlFor(t)
      t.same(await dryRun('-f', files === undefined ? result : join(result, '/')), { created, stderr: '' })
    })
  })
}

/** `pushless manifests check`, with no registry to ask. */
async function check(path: string) {
  const args = ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`, 'manifests', 'check']
  return execa(execPath, [...args, '--no-registry', path], { reject: false, timeout: 60_000 })
}
