/** `mode = "drv"`: a manifest is built and no image is; the registry builds it when it is pulled. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { pullAll } from './client.ts'
import { nixBuild, nixInstantiate, nixStore, only } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const root = new URL('../..', import.meta.url).pathname

void t.test('a Pod that names a derivation', { skip: missing('nix') }, async (t) => {
  const expression = join(await temporaryDirectory(t, 'mode'), 'pod.nix')
  await writeFile(
    expression,
    `let
      inherit (import ${root}nix { }) image imageRef;
      inherit (import ${root}manifests { }) pod list;
      program = derivation {
        name = "program-${process.pid}"; system = builtins.currentSystem; builder = "/bin/sh";
        args = [ "-c" "mkdir $out; echo built > $out/program" ]; PATH = "/usr/bin:/bin";
      };
    in rec {
      inherit program;
      container = image { name = "by-derivation"; contents = [ program ]; };
      manifest = list "by-derivation" [
        (pod { name = "by-derivation"; containers.main.image = imageRef { image = container; mode = "drv"; }; })
      ];
    }`,
  )
  const manifest = only(await nixBuild(expression, ['-A', 'manifest']))
  const text = await readFile(manifest, 'utf8')
  const drv = await nixInstantiate(expression, ['-A', 'container'])
  t.match(text, `"nix.internal${drv}:nix"`)
  const program = await nixInstantiate(expression, ['-A', 'program'])
  const [output = ''] = await nixStore('--query', '--outputs', program)
  await t.rejects(nixStore('--check-validity', output), 'nothing of the image was built with the manifest')
  t.ok(
    (await nixStore('--query', '--requisites', manifest)).includes(program),
    'and all derivations came along',
  )

  const server = await sharedPushless()
  t.ok((await pullAll(server.url, drv)).size > 1)
  t.ok(await nixStore('--check-validity', output).then(() => true))
})
