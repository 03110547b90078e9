// A chart by real Helm, in a derivation. HELM names the program where it isn't on PATH.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { execPath } from 'node:process'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { parse } from 'yaml'
import { build, evaluateAll, query, root, withoutNix } from '../nix/nix-command.ts'
import { helm, withoutHelm } from '../support/helm.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = withoutNix || withoutHelm

const chart = (more: string) => `
  let
    pkgs = import ${root}test/manifests/output/stub-pkgs.nix {
      node = "${execPath}";
      main = "${root}dist/main.js";
      helm = "${helm}";
    };
  in
  (import ${root}manifests { }).helmChart ({
    name = "shop";
    chart = ${root}test/fixtures/chart;
    namespace = "market";
    images."ghcr.io/example/web" = some { };
    inherit pkgs;
    inherit (pkgs) pushless;
  } // { ${more} })
`

void t.test('a chart with an image of ours', { skip }, async (t) => {
  const [reference] = await evaluateAll(['(some { }).imageRef'])
  const path = await build(
    chart(
      'values = { replicas = 3; image.tag = "2"; }; allow = [ "docker.io/library/redis:*" ]; kubernetesVersion = "1.34";',
    ),
  )
  t.same((await readdir(path)).sort(), [
    '12-customresourcedefinition-widgets.example.org.yaml',
    '40-service-market-shop-shop.yaml',
    '50-deployment-market-shop-shop.yaml',
    '80-widget-market-shop-shop.yaml',
    'Kustomization',
    'objects.jsonl',
  ])
  const text = await readFile(join(path, '50-deployment-market-shop-shop.yaml'), 'utf8')
  t.match(text, '# The web server and its cache.')
  t.match(parse(text), {
    spec: { replicas: 3, template: { spec: { containers: [{ image: reference }, { image: 'redis:7.4' }] } } },
  })
  const [, registry, repository] = /^([^/]+)\/(.*):nix$/.exec(String(reference)) ?? []
  t.match(parse(await readFile(join(path, '80-widget-market-shop-shop.yaml'), 'utf8')), {
    spec: { kube: /^v1\.34/, image: { registry, repository, tag: 'nix' } },
  })
  t.same(await query('--references', path), [await build('some { }')])
})

void t.test('an archive by its hash, fetched when it is built', { skip }, async (t) => {
  const directory = await temporaryDirectory(t, 'chart')
  await execa(helm, ['package', `${root}test/fixtures/chart`, '--destination', directory], {
    env: { HOME: directory },
  })
  const archive = await readFile(join(directory, 'shop-1.2.3.tgz'))
  const server = createServer((_, response) => response.end(archive)).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const fetched = (sha256: string) =>
    chart(`
      chart = { url = "http://127.0.0.1:${port}/shop-1.2.3.tgz"; sha256 = "${sha256}"; };
      allow = [ "*" ];
    `)
  const sha256 = createHash('sha256').update(archive).digest('hex')
  t.ok((await readdir(await build(fetched(sha256)))).includes('50-deployment-market-shop-shop.yaml'))
  await t.rejects(build(fetched('0'.repeat(64))), { message: /hash mismatch/ })
})

void t.test('hooks are written where they are asked for, tests never', { skip }, async (t) => {
  const path = await build(chart('hooks = true; allow = [ "*" ];'))
  const names = await readdir(path)
  t.ok(names.includes('54-job-market-shop-shop-prepare.yaml'))
  t.notOk(names.some((name) => name.includes('test')))
})

void t.test(
  'objects whose templates name no namespace are in the release’s, if that is given',
  { skip },
  async (t) => {
    const hooks = 'hooks = true; allow = [ "*" ];'
    const [given, none] = [await build(chart(hooks)), await build(chart(`${hooks} namespace = null;`))]
    t.match(parse(await readFile(join(given, '54-job-market-shop-shop-prepare.yaml'), 'utf8')), {
      metadata: { namespace: 'market' },
    })
    t.notMatch(await readFile(join(none, '54-job-shop-shop-prepare.yaml'), 'utf8'), 'namespace')
    t.match(await readFile(join(none, '40-service-default-shop-shop.yaml'), 'utf8'), 'namespace: default')
  },
)

void t.test('objects of a chart are checked as mkManifests checks them', { skip }, async (t) => {
  const wrong = 'allow = [ "*" ]; values.replicas = "two";'
  await t.rejects(build(chart(wrong)), {
    message:
      /50-deployment-market-shop-shop\.yaml:\d+: Deployment\/shop-shop: spec\.replicas is "two", expected/,
  })
  await t.resolves(build(chart(`${wrong} check = false;`)))
})

void t.test('an image that isn’t mapped is named', { skip }, async (t) => {
  await t.rejects(build(chart('')), {
    message:
      /Deployment\/shop-shop, spec\.template\.spec\.containers\[1\]\.image: redis:7\.4 isn’t in the map/,
  })
})

void t.test('a chart that Helm refuses fails with what Helm says', { skip }, async (t) => {
  await t.rejects(build(chart('chart = hello; allow = [ "*" ];')), {
    message: /Error: /,
  })
})
