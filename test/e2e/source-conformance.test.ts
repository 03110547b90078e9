/** The kinds of image that are pushless' own, and what an image of ours is when others have copied it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { exampleImage } from './example.ts'
import { imageName } from './client.ts'
import { sourceConforms } from './source-conformance.ts'
import { busybox } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { copyToDir } from '../support/skopeo.ts'

void t.test('a pushless image', { skip: missing('nix', 'skopeo') }, async (t) => {
  const path = await exampleImage()
  const { url } = await sharedPushless()
  const archive = `docker-archive:${join(await temporaryDirectory(t, 'original'), 'image.tar')}`
  await execa('skopeo', [
    '--insecure-policy',
    'copy',
    `dir:${await copyToDir(t, imageName(path), url)}`,
    archive,
  ])
  await sourceConforms(t, {
    path,
    original: archive,
    prints: /^Hello from \/nix\/store\/[a-z0-9]{32}-hello$/m,
  })
})

void t.test('a plain package', { skip: missing('nix', 'skopeo') }, async (t) => {
  const path = await busybox()
  const args = ['--serve-packages']
  const { url } = await startPushless(t, { args })
  const layout = join(await temporaryDirectory(t, 'original'), 'layout')
  await mkdir(layout)
  const original = `oci:${layout}:copied`
  await execa('skopeo', [
    '--insecure-policy',
    'copy',
    `dir:${await copyToDir(t, imageName(path), url)}`,
    original,
  ])
  await sourceConforms(t, {
    path,
    original,
    command: ['/bin/sh', '-c', 'echo $((6 * 7))'],
    prints: '42',
    args,
  })
})
