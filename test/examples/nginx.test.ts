import { readFile, readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import t from 'tap'
import { buildExample, commandsOf, runBuild } from './example-build.ts'
import { query, withoutNix } from '../nix/nix-command.ts'
import { missing } from '../support/requirement.ts'

const skip = withoutNix || missing('busybox')

void t.test(
  'the image is the archive of dockerTools, and all that the manifests refer to',
  { skip },
  async (t) => {
    const result = await buildExample(t, 'nginx')
    const archive = await readlink(await runBuild(t, 'nix build -f examples/nginx image'))
    t.match(archive, /-nginx\.tar$/)
    t.same(await query('--references', await readlink(result)), [archive])
    t.match(JSON.parse(await readFile(join(result, '50-deployment-nginx.json'), 'utf8')), {
      spec: {
        template: { spec: { containers: [{ image: `nix.internal/nix/store/${basename(archive)}:nix` }] } },
      },
    })
    t.match(JSON.parse(await readFile(join(result, '40-service-nginx.json'), 'utf8')), {
      spec: {
        ports: [{ name: 'http', port: 80, targetPort: 'http' }],
        selector: { 'app.kubernetes.io/name': 'nginx' },
      },
    })
  },
)

void t.test('another nixpkgs is an argument', { skip }, async (t) => {
  const command = (await commandsOf('nginx/default.nix')).find((line) => line.includes('--arg pkgs'))
  t.match(command, / --arg pkgs 'import \(fetchTarball "https:[^"]+"\) \{ \}'$/)
  const other = 'nix build -f examples/nginx --arg pkgs import<nixpkgs>{} image'
  t.equal(
    await readlink(await runBuild(t, other)),
    await readlink(await runBuild(t, 'nix build -f examples/nginx image')),
  )
})
