/** Images for several platforms of which one can't be had, or that say what isn't so. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { refusal, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { nixStore } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { architectures, multiPlatform, pullIndex, type Entry } from './multi-platform.ts'

void t.test('a platform that nothing here can build', { skip: missing('nix') }, async (t) => {
  const rows: [what: string, foreign: Partial<Entry>, args: string[], says: RegExp][] = [
    ['itself', { system: 'riscv64-linux' }, [], /riscv64-linux/],
    ['what it needs', { dependencySystem: 'riscv64-linux' }, [], /./],
    [
      'by the operator\u2019s list',
      { system: 'riscv64-linux' },
      ['--systems', 'x86_64-linux aarch64-linux'],
      /no builder for riscv64-linux/,
    ],
    ['not allowed', {}, ['--deny-names', '*riscv64*'], /matches \*riscv64\*/],
  ]
  for (const [what, foreign, args, says] of rows) {
    await t.test(what, async (t) => {
      const { path } = await multiPlatform(t, `foreign-${rows.findIndex(([row]) => row === what)}`, [
        { architecture: 'riscv64', ...foreign },
        { architecture: 'amd64' },
      ])
      const server = await startPushless(t, { args })
      const index = await pullIndex(server.url, path)
      t.strictSame(architectures(index), ['amd64'])
      const warning = await until(() => server.logs.find(({ missing: lacks }) => lacks !== undefined))
      t.match(warning, { level: 40, root: path })
      t.match(String(warning?.['missing']), /^linux\/riscv64: /)
      t.match(String(warning?.['missing']), says)

      const strict = await startPushless(t, { args: [...args], env: { PUSHLESS_PARTIAL_INDEX: 'off' } })
      const refused = await refusal(await fetch(`${repositoryUrl(strict.url, path)}/manifests/nix`))
      t.match(
        refused,
        what === 'not allowed' ? { status: 404 } : { status: 500, message: /for linux\/riscv64/ },
      )
    })
  }
})

void t.test('a failure of a moment doesn’t leave a platform out', { skip: missing('nix') }, async (t) => {
  const { path } = await multiPlatform(t, 'fails', [
    { architecture: 'arm64', fails: true },
    { architecture: 'amd64' },
  ])
  const server = await startPushless(t)
  const refused = await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`))
  t.match(refused, {
    status: 500,
    reason: 'nix build failed',
    message: /for linux\/arm64/,
    detail: { log: ['broken'] },
  })
})

void t.test('nothing at all can be built', { skip: missing('nix') }, async (t) => {
  const { path } = await multiPlatform(t, 'nothing', [{ architecture: 'riscv64', system: 'riscv64-linux' }])
  const { url } = await sharedPushless()
  t.match(await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`)), {
    status: 500,
    message: /for linux\/riscv64/,
  })
})

void t.test('an image of another platform than is said', { skip: missing('nix') }, async (t) => {
  const { path, outputs } = await multiPlatform(t, 'wrong', [
    { architecture: 'arm64', says: 'amd64', byPath: true },
  ])
  const { url } = await sharedPushless()
  t.match(await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`)), {
    status: 500,
    message: `${outputs['arm64']}: is said to be for linux/arm64, and is linux/amd64`,
  })
})

void t.test('a list that is none', { skip: missing('nix') }, async (t) => {
  const { url } = await sharedPushless()
  const image = '/nix/store/00000000000000000000000000000000-x'
  const platform = { os: 'linux', architecture: 'amd64' }
  for (const [what, value, says] of [
    ['no platforms', { platforms: [] }, /platforms/],
    ['fields of one image', { platforms: [{ platform, image }], config: {} }, /several platforms/],
    [
      'image and derivation',
      { platforms: [{ platform, image, derivation: `${image}.drv` }] },
      /several platforms/,
    ],
    [
      'another system',
      { platforms: [{ platform: { ...platform, os: 'windows' }, image }] },
      /several platforms/,
    ],
    [
      'one platform twice',
      {
        platforms: [
          { platform, image },
          { platform, image },
        ],
      },
      /two images for the platform/,
    ],
    [
      'a file of an image',
      { platforms: [{ platform, image: `${image}/bin` }] },
      /not the store path of an image/,
    ],
    [
      'a derivation as an image',
      { platforms: [{ platform, image: `${image}.drv` }] },
      /not the store path of an image/,
    ],
    ['an image as a derivation', { platforms: [{ platform, derivation: image }] }, /not a derivation/],
    ['a path elsewhere', { platforms: [{ platform, image: '/etc/passwd' }] }, /several platforms/],
  ] as const) {
    const file = join(await temporaryDirectory(t, 'list'), 'list.json')
    await writeFile(file, JSON.stringify({ pushless: 1, name: 'app', ...value }))
    const [path = ''] = await nixStore('--add', file)
    const refused = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
    t.match(refused, { status: 500, reason: 'not servable as an image', message: says }, what)
    t.match(refused.message, path, what)
  }
})
