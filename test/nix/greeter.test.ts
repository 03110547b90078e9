import { accessSync, constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { buildFile, evaluate, query, root, withoutNix } from './nix-command.ts'

const example = 'examples/greeter'
const skip = withoutNix || withoutBusybox()

void t.test('the example: a manifest, with the image it names', { skip }, async (t) => {
  const [manifest, image, hello] = await Promise.all([
    buildFile(example),
    buildFile(example, 'image'),
    buildFile(example, 'hello'),
  ])
  t.equal(
    await buildFile(example, 'manifest'),
    manifest,
    'the manifest is what a build without further words makes',
  )
  t.match(manifest, /-greeter\.json$/)
  t.same(JSON.parse(await readFile(manifest, 'utf8')), {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'greeter',
          annotations: {
            'nix.internal/greeter.derivation': await evaluate(`(import ${root}${example} { }).image.drvPath`),
            'nix.internal/greeter.store-path': image,
          },
        },
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'greeter',
              image: `nix.internal/nix/store/${basename(image)}:nix`,
              imagePullPolicy: 'IfNotPresent',
            },
          ],
        },
      },
    ],
  })
  t.match(JSON.parse(await readFile(image, 'utf8')), {
    pushless: 1,
    name: 'greeter',
    contents: [hello],
    config: { Entrypoint: [`${hello}/bin/hello`] },
  })
  t.same(await query('--references', manifest), [image])
  const closure = await query('--requisites', image)
  t.match(closure.map((path) => path.slice(path.lastIndexOf('/') + 34)).sort(), [
    'busybox',
    'greeter',
    'hello',
  ])

  const { stdout } = await execa(`${hello}/bin/hello`, [], { env: {}, extendEnv: false })
  t.equal(stdout, `Hello from ${hello}`)
})

void t.test('the lines of the example, as anyone may write them', { skip: withoutNix }, async (t) => {
  t.match(
    await evaluate(`(
      let
        inherit (import ${root}nix { }) image;
        inherit (import ${root}manifests { }) pod list;
        greeter = image { name = "greeter"; contents = [ hello ]; entrypoint = [ "\${hello}/bin/hello" ]; };
      in
      list "greeter" [ (pod { name = "greeter"; containers.greeter.image = greeter; restartPolicy = "Never"; }) ]
    ).drvPath`),
    /-greeter\.json\.drv$/,
  )
})

function withoutBusybox(): string | false {
  if (process.env['CI']) return false
  try {
    accessSync('/bin/busybox', constants.X_OK)
    return false
  } catch {
    return 'no /bin/busybox here'
  }
}
