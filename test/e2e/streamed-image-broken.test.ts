/** Scripts and confs that are no streamed image, or say what can't be served. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { imageName, refusal, repositoryUrl, sha256 } from './client.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { busybox } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { customisationLayer, streamedImage } from '../support/streamed-image.ts'
import { everyShape } from './every-shape.ts'

const skip = missing('nix', 'python3')

void t.test('images that can’t be served give their reason', { skip }, async (t) => {
  const { url } = await sharedPushless()
  const shell = await busybox()
  const secret = await makeStorePath('streamed-secret', (path) => writeFile(path, 'secret\n'))
  const customisation = await customisationLayer({ bin: `${shell}/bin` })
  const leading = await makeStorePath('streamed-leading-out', async (path) => {
    await execa('mkdir', [path])
    await execa('ln', ['-s', '/etc/passwd', join(path, 'layer.tar')])
    await writeFile(join(path, 'checksum'), '0'.repeat(64))
  })
  const through = await makeStorePath('streamed-through', async (path) => {
    await execa('mkdir', [path])
    await execa('ln', ['-s', secret, join(path, 'layer.tar')])
    await writeFile(join(path, 'checksum'), sha256('secret\n').replace('sha256:', ''))
  })
  const unlike = await makeStorePath('streamed-false', async (path) => {
    await execa('mkdir', [path])
    await writeFile(join(path, 'layer.tar'), 'content')
    await writeFile(join(path, 'checksum'), '0'.repeat(64))
  })
  const good = { customisation_layer: customisation, store_layers: [[shell]] }
  const rows: [
    what: string,
    fields: Readonly<Record<string, unknown>>,
    references: string[],
    says: RegExp,
  ][] = [
    [
      'a stranger',
      { ...good, store_layers: [[secret]] },
      [customisation],
      /streamed-secret, which is not in its closure/,
    ],
    [
      'a strange customisation',
      { ...good, customisation_layer: secret },
      [shell],
      /streamed-secret, which is not in its closure/,
    ],
    [
      'one out of the store',
      { ...good, customisation_layer: leading },
      [shell, leading],
      /no customisation layer/,
    ],
    [
      'one in a stranger',
      { ...good, customisation_layer: through },
      [shell, through],
      /no customisation layer/,
    ],
    [
      'one with another sum',
      { ...good, customisation_layer: unlike },
      [shell, unlike],
      /is said to be sha256:0+, and is/,
    ],
    [
      'no store path',
      { ...good, store_layers: [['/etc/passwd']] },
      [customisation],
      /not a store path: \/etc\/passwd/,
    ],
    [
      'below a store path',
      { ...good, store_layers: [[`${shell}/bin`]] },
      [shell, customisation],
      /not a store path/,
    ],
    ['a base that is none', { ...good, from_image: shell }, [shell, customisation], /its base is no image/],
    [
      'a strange base',
      { ...good, from_image: secret },
      [shell, customisation],
      /streamed-secret, which is not in its closure/,
    ],
    [
      'another store',
      { ...good, store_dir: '/gnu/store' },
      [shell, customisation],
      /not the conf of a streamed image/,
    ],
    ['no time', { ...good, mtime: 'yesterday' }, [shell, customisation], /not the conf of a streamed image/],
    [
      'an owner that no system has',
      { ...good, uid: '4294967295' },
      [shell, customisation],
      /uid 4294967295: no system has a number above 4294967294/,
    ],
    [
      'an impossible time',
      { ...good, mtime: '1970-99-99T00:00:00Z' },
      [shell, customisation],
      /no time that a file/,
    ],
    [
      'an owner without number',
      { ...good, uid: 'root' },
      [shell, customisation],
      /not the conf of a streamed image/,
    ],
    ['no list', { ...good, store_layers: 'all' }, [shell, customisation], /not the conf of a streamed image/],
  ]
  const images = rows.map(async ([what, fields, references, says]) => {
    return { what, says, ...(await streamedImage(fields, references)) }
  })
  for (const { what, says, script, conf } of await Promise.all(images)) {
    for (const path of [script, conf]) {
      const got = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
      t.equal(got.status, 500, what)
      t.match(got.message, says, what)
      t.notMatch(got.message, /\n/)
    }
  }
})

void t.test('a script that names a conf without referring to it', { skip }, async (t) => {
  const { url } = await sharedPushless()
  const { conf } = await everyShape()
  // Added as a source, so that Nix knows of no reference.
  const script = await makeStorePath('stream-stranger', (path) =>
    writeFile(path, `#!/bin/sh\nexec stream ${conf} "$@"\n`),
  )
  const got = await refusal(await fetch(`${repositoryUrl(url, script)}/manifests/nix`))
  t.match(got, { status: 404, message: 'no such store path' })
})

void t.test('files that only look like an image are none', { skip }, async (t) => {
  const { url } = await sharedPushless()
  const { conf } = await everyShape()
  const other = await makeStorePath('other-conf.json', (path) => writeFile(path, '{"a": 1}'))
  for (const [what, text] of [
    ['no script', `exec stream ${conf}\n`],
    ['two confs', `#!/bin/sh\nexec stream ${conf} ${other}\n`],
    ['a longer name', `#!/bin/sh\nexec stream ${conf}x\n`],
    ['a conf of something else', `#!/bin/sh\nexec serve ${other}\n`],
    ['a conf that is gone', `#!/bin/sh\nexec serve /nix/store/${'0'.repeat(32)}-gone-conf.json\n`],
  ] as const) {
    const path = await makeStorePath('looks-like-a-stream', (file) => writeFile(file, text))
    const got = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
    t.equal(got.status, 404, `${what}: ${imageName(path)}`)
  }
})
