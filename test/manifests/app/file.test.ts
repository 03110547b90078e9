import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withoutNix } from '../../nix/nix-command.ts'
import { temporaryDirectory } from '../../support/scope.ts'
import { objectsOf, ofKind } from './app-command.ts'

void t.test('a JSON file says what `app` is told', { skip: withoutNix }, async (t) => {
  const file = join(await temporaryDirectory(t, 'app'), 'app.json')
  await writeFile(
    file,
    JSON.stringify({
      name: 'web',
      image: 'example.org/a:1',
      port: 8080,
      env: { A: 1 },
      extend: { Service: { spec: { type: 'NodePort' } } },
    }),
  )
  const [read, said] = await objectsOf([
    `appFile ${file}`,
    'app { name = "web"; image = "example.org/a:1"; port = 8080; env.A = 1; extend.Service.spec.type = "NodePort"; }',
  ])
  t.same(read, said)
  t.match(ofKind(read, 'Service'), { spec: { type: 'NodePort' } })
})
