import { readFile, readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { buildExample, commandsOf, runBuild } from './example-build.ts'
import { query, withoutNix } from '../nix/nix-command.ts'
import { withoutHelm } from '../support/helm.ts'
import { missing } from '../support/requirement.ts'

const skip = withoutNix || missing('busybox') || withoutHelm
const DEPLOYMENT = '50-deployment-web-site.yaml'

void t.test('the chart’s image is ours, and its values are those given', { skip }, async (t) => {
  const result = await buildExample(t, 'helm')
  const image = await readlink(await runBuild(t, 'nix build -f examples/helm image'))
  t.same(await query('--references', await readlink(result)), [image])
  t.match(parse(await readFile(join(result, DEPLOYMENT), 'utf8')), {
    metadata: { namespace: 'web' },
    spec: {
      replicas: 2,
      template: { spec: { containers: [{ image: `nix.internal/nix/store/${basename(image)}:nix` }] } },
    },
  })
  t.match(parse(await readFile(join(result, '30-configmap-web-site.yaml'), 'utf8')), {
    data: { 'index.html': /Nobody pushed/ },
  })
})

void t.test('an image that isn’t mapped is refused, unless it is allowed', { skip }, async (t) => {
  const commands = await commandsOf('helm/default.nix')
  const command = (attribute: string) =>
    commands.find((line) => line.split(' ').includes(attribute)) ?? t.fail(`no command with ${attribute}`)
  await t.rejects(runBuild(t, String(command('unmapped'))), {
    message:
      /Deployment\/site, spec\.template\.spec\.containers\[1\]\.image: docker\.io\/library\/redis:7\.4 isn’t in the map/,
  })
  const allowed = await runBuild(t, String(command('allowed')))
  t.match(parse(await readFile(join(allowed, DEPLOYMENT), 'utf8')), {
    spec: {
      template: {
        spec: {
          containers: [{ image: /^nix\.internal\/nix\/store\// }, { image: 'docker.io/library/redis:7.4' }],
        },
      },
    },
  })
})
