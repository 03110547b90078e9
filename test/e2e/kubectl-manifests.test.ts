// Real kubectl reads what mkManifests makes.
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { build, root, withoutNix } from '../nix/nix-command.ts'
import { kubectlFor } from '../support/kubectl.ts'
import { missing } from '../support/requirement.ts'

const skip = withoutNix || missing('kubectl')

const library = `
  let
    pkgs = import ${root}test/manifests/output/stub-pkgs.nix { };
    m = import ${root}manifests { };
    containers.web = { image = some { }; ports.http = 80; env.MODE = "no"; };
    namespace = "shop";
    objects = [
      (m.deployment { name = "web"; inherit namespace containers; replicas = 2; })
      (m.statefulSet { name = "db"; inherit namespace containers; serviceName = "db"; })
      (m.daemonSet { name = "log"; inherit namespace containers; })
      (m.job { name = "once"; inherit namespace containers; })
      (m.cronJob { name = "daily"; inherit namespace containers; schedule = "0 3 * * *"; })
      (m.pod { name = "one"; inherit namespace containers; })
      (m.service { name = "web"; inherit namespace; selector.app = "web"; ports.http = 80; })
      (m.configMap { name = "settings"; inherit namespace; data.text = "a\\n b: c\\n"; })
      (m.serviceAccount { name = "web"; inherit namespace; })
      (m.persistentVolumeClaim { name = "data"; inherit namespace; storage = "1Gi"; })
      (m.object { apiVersion = "example.org/v1"; kind = "Widget"; name = "w"; inherit namespace; spec.size = 1; })
      (m.namespace { name = "shop"; })
    ];
  in
`
/** In the order of the files' names. */
const CREATED = [
  'namespace/shop',
  'serviceaccount/web',
  'configmap/settings',
  'persistentvolumeclaim/data',
  'service/web',
  'daemonset.apps/log',
  'deployment.apps/web',
  'pod/one',
  'statefulset.apps/db',
  'cronjob.batch/daily',
  'job.batch/once',
  'widget.example.org/w',
]

for (const format of ['json', 'yaml'] as const) {
  void t.test(`kubectl apply -f ./result/ takes every ${format} file, in order`, { skip }, async (t) => {
    const { home, dryRun } = await kubectlFor(t)
    const path = await build(
      `${library} m.mkManifests { name = "all"; inherit objects pkgs; format = "${format}"; }`,
    )
    await symlink(path, join(home, 'result'))
    t.same(await dryRun('-f', join(home, 'result/')), { created: CREATED, stderr: '' })
    t.same((await dryRun('-k', join(home, 'result/'))).created.toSorted(), CREATED.toSorted())
  })
}

void t.test('a file called kustomization.yaml would fail', { skip }, async (t) => {
  const { home, dryRun } = await kubectlFor(t)
  const kustomization = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n'
  for (const name of ['kustomization.yaml', 'Kustomization']) {
    await mkdir(join(home, name))
    await writeFile(join(home, name, '10.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n')
    await writeFile(join(home, name, name), kustomization)
  }
  t.match(
    (await dryRun('-f', join(home, 'kustomization.yaml'))).stderr,
    /no matches for kind "Kustomization"/,
  )
  t.same(await dryRun('-f', join(home, 'Kustomization')), { created: ['namespace/a'], stderr: '' })
})

void t.test('kubectl kustomize reads the directories of apps, and joined ones', { skip }, async (t) => {
  const { run } = await kubectlFor(t)
  const apps = await build(
    `${library} m.mkGitOps { apps = { web = objects; other = [ (m.namespace { name = "o"; }) ]; }; inherit pkgs; }`,
  )
  const joined = await build(`${library} m.joinManifests {
    name = "joined";
    manifests = [
      (m.mkManifests { name = "all"; inherit objects pkgs; })
      (m.mkManifests { name = "other"; objects = [ (m.namespace { name = "o"; }) ]; format = "yaml"; inherit pkgs; })
    ];
    inherit pkgs;
  }`)
  for (const path of [apps, joined]) {
    const { stdout, stderr } = await run('kustomize', path)
    t.equal(stderr, '')
    t.equal(stdout.match(/^kind: /gm)?.length, CREATED.length + 1)
  }
})
