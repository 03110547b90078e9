/** What an image of nix2container says is not believed, and an error says why. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { pullManifest, refusal, repositoryUrl } from './client.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { busybox, shape } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { imageOf, pathsLayer, stored, type Layer } from './nix2container-image.ts'

const skip = missing('nix')

void t.test('images that can’t be served give their reason', { skip }, async (t) => {
  const { url } = await sharedPushless()
  const shell = await busybox()
  const utf8 = await shape('utf8')
  const secret = await makeStorePath('nix2container-secret', (path) => writeFile(path, 'secret\n'))
  const out = await makeStorePath('nix2container-out', async (path) => {
    await mkdir(path)
    await execa('ln', ['-s', '/etc', join(path, 'etc')])
    await execa('ln', ['-s', secret, join(path, 'secret')])
  })
  const withPerms = (perm: object) => [
    pathsLayer([{ path: shell, options: { perms: [{ regex: '.*', ...perm }] } }]),
  ]
  const withRewrite = (regex: string, repl: string) => [
    pathsLayer([{ path: shell, options: { rewrite: { regex, repl } } }]),
  ]
  const rows: [what: string, layers: readonly Layer[] | null, says: RegExp, fields?: object][] = [
    ['a stranger', [pathsLayer([{ path: secret }])], /nix2container-secret, which is not in its closure/],
    ['no store path', [pathsLayer([{ path: '/etc' }])], /not a store path: \/etc/],
    ['below a store path', [pathsLayer([{ path: `${shell}/bin` }])], /not a store path/],
    ['a strange tar', stored(secret), /nix2container-secret, which is not in its closure/],
    ['a tar out of the store', stored('/etc/passwd'), /no file of the store: \/etc\/passwd/],
    ['a link out of the store', stored(`${out}/etc/passwd`), /no such layer in the closure/],
    ['a link to a stranger', stored(`${out}/secret`), /no such layer in the closure/],
    ['dots', stored(`${shell}/../../../etc/passwd`), /no such layer/],
    ['a directory', stored(shell), /no such layer/],
    ['another digest', stored(`${shell}/bin/busybox`), /is said to be sha256:0+, and is/],
    ['no digest', stored(`${shell}/bin/busybox`, { digest: 'sha256:1' }), /not a digest: sha256:1/],
    [
      'an unknown type',
      stored(`${shell}/bin/busybox`, { mediatype: 'text/html' }),
      /unknown media type: text\/html/,
    ],
    ['no expression', withPerms({ regex: '(' }), /missing closing \)/],
    ['a look behind', withPerms({ regex: '(?<=a)b' }), /error parsing regexp/],
    ['an endless expression', withPerms({ regex: 'a'.repeat(1025) }), /more than 1024 characters/],
    ['a huge expression', withPerms({ regex: '(abcdefghij){1000}' }), /too large a regular expression/],
    [
      'too many',
      [
        pathsLayer([
          { path: shell, options: { perms: Array.from({ length: 501 }, () => ({ regex: 'a' })) } },
        ]),
      ],
      /501 rewrites/,
    ],
    ['no mode', withPerms({ mode: 'u+x' }), /not a nix2container image/],
    ['too large a mode', withPerms({ mode: '77777' }), /not a mode: 77777/],
    ['no owner', withPerms({ uid: -1 }), /not a nix2container image/],
    ['climbing out', withRewrite(`^${shell}`, '../..'), /cannot be put at \.\.\/\.\./],
    ['a deletion', withRewrite('busybox$', '.wh.x'), /file named \.wh\./],
    ['all in one place', withRewrite('bin/.*', 'x'), /another file with other attributes/],
    ['another version', [], /not a nix2container image/, { version: 2 }],
    ['no platform', [], /not a nix2container image/, { arch: '' }],
    ['no layers', [pathsLayer([{ path: 1 }])], /not a nix2container image/],
  ]
  for (const [what, layers, says, fields] of rows) {
    const path = await imageOf(layers, [shell, utf8, out], fields)
    const got = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
    t.equal(got.status, 500, what)
    t.match(got.message, says, what)
    t.notMatch(got.message, /\n/)
  }
  t.equal(
    (await pullManifest(url, await imageOf(null, []))).manifest.layers.length,
    0,
    'nothing but a config',
  )
})
