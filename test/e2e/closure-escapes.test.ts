/**
 * Nothing outside of an image's closure is read for it, however the image names it: by `..`, by a link to a file, by a
 * link in the middle of a path, or by a link out of the store. Each kind of image tries each way to a secret.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { imageOf, stored } from './nix2container-image.ts'
import { pullAll, refusal, repositoryUrl } from './client.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { storeFile } from '../support/store-file.ts'
import { customisationLayer, streamedImage } from '../support/streamed-image.ts'

const SECRET = 'the secret that no image may show'
const LAYOUT_INDEX = JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { secret: SECRET } })

type Escape = { readonly what: string; readonly path: string; readonly references: readonly string[] }

void t.test('files outside of the closure', { skip: missing('nix') }, async (t) => {
  const elsewhere = await temporaryDirectory(t, 'escape')
  const layer = await customisationLayer({ 'etc/x': 'y' })
  await writeSecrets(elsewhere, layer)
  const secret = await makeStorePath('escape-secret', async (path) => {
    await mkdir(path)
    await writeSecrets(path, layer)
  })
  const server = await sharedPushless('--serve-packages')

  const escapes: Escape[] = []
  for (const file of ['layer.tar', 'missing']) {
    // Nix doesn't look for references in what is added by hand, so the links lead out of the closure.
    const inside = await makeStorePath(`escape-${file}`, async (path) => {
      await mkdir(join(path, 'below'), { recursive: true })
      await symlink(join(secret, file), join(path, 'link'))
      await symlink(`../${secret.slice('/nix/store/'.length)}/${file}`, join(path, 'relative'))
      await symlink(secret, join(path, 'directory'))
      await symlink(join(path, 'directory'), join(path, 'below/chain'))
      await symlink(join(elsewhere, file), join(path, 'outside'))
    })
    const ways = {
      'two dots': `${inside}/../${secret.slice('/nix/store/'.length)}/${file}`,
      'a link to a file': `${inside}/link`,
      'a relative link': `${inside}/relative`,
      'a link to a directory': `${inside}/directory/${file}`,
      'a link out of the store': `${inside}/outside`,
      'two dots out of the store': `${inside}/../../..${elsewhere}/${file}`,
    }
    for (const [what, path] of Object.entries(ways))
      escapes.push({ what: `${what}, ${file}`, path, references: [inside] })
  }

  await t.test('is no file, no tree and no layer of an image', async (t) => {
    const answers = new Map<string, unknown>()
    for (const { what, path, references } of escapes) {
      const images = {
        'a file': await pushlessImage({ files: { '/x': { source: path } } }, references),
        'a tree': await pushlessImage(
          { extraDirectories: [{ source: join(path, '..'), to: '/x', directoryMode: '0755' }] },
          references,
        ),
        'a layer of nix2container': await imageOf(stored(path), references),
      }
      for (const [kind, image] of Object.entries(images)) {
        const answer = await shows(t, server.url, image, `${kind} by ${what}`)
        answers.set(`${kind} by ${what}`, answer.replaceAll(image, 'IMAGE').replaceAll(path, 'PATH'))
      }
    }
    for (const [name, answer] of answers) {
      const other = answers.get(name.replace('layer.tar', 'missing'))
      // The tree by `path/..` has the name of what is above in its message.
      if (!name.startsWith('a tree')) t.equal(answer, other, `${name}: no telling whether the file is there`)
    }
  })

  await t.test('is no description, and no part of one', async (t) => {
    const layout = await makeStorePath('escape-layout', async (path) => {
      await mkdir(path)
      await writeFile(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
      await symlink(join(secret, 'index.json'), join(path, 'index.json'))
    })
    const customisation = await makeStorePath('escape-customisation', async (path) => {
      await mkdir(path)
      for (const file of ['layer.tar', 'checksum']) await symlink(join(secret, file), join(path, file))
    })
    const conf = await link('escape-conf.json', join(secret, 'conf.json'))
    const confOutside = await link('escape-outside-conf.json', join(elsewhere, 'conf.json'))
    const program = await makeStorePath('escape-package', async (path) => {
      await mkdir(join(path, 'nix-support'), { recursive: true })
      await symlink(join(secret, 'layer.tar'), join(path, 'nix-support/main-program'))
      await symlink(secret, join(path, 'bin'))
    })
    const images = {
      'an index of a layout': layout,
      'the layer of a streamed image': (
        await streamedImage({ customisation_layer: customisation }, [customisation])
      ).script,
      'the conf of a script': await script(conf, layer),
      'the conf of a script, out of the store': await script(confOutside, layer),
      'the image itself': await link('escape-image.json', join(secret, 'image.json')),
      'the image itself, out of the store': await link('escape-outside.json', join(elsewhere, 'image.json')),
      'a base': await pushlessImage({ fromImage: conf }, [conf]),
      'a program': program,
    }
    for (const [what, image] of Object.entries(images)) await shows(t, server.url, image, what)
  })
})

function link(name: string, target: string): Promise<string> {
  return makeStorePath(name, (path) => symlink(target, path))
}

function script(conf: string, layer: string): Promise<string> {
  const text = `#! /bin/sh\n# ${layer}\nexec stream ${conf} "$@"\n`
  return storeFile('escape-script', text, { references: [conf, layer] })
}

async function writeSecrets(directory: string, layer: string): Promise<void> {
  const config = { Labels: { secret: SECRET } }
  await writeFile(join(directory, 'layer.tar'), SECRET)
  await writeFile(join(directory, 'checksum'), `${'0'.repeat(64)}\n`)
  await writeFile(join(directory, 'image.json'), JSON.stringify({ ...IMAGE, config }))
  const conf = { ...CONF, config, customisation_layer: layer }
  await writeFile(join(directory, 'conf.json'), JSON.stringify(conf))
  await writeFile(join(directory, 'index.json'), LAYOUT_INDEX)
}

const CONF = { architecture: 'amd64', created: 'now', store_layers: [], repo_tag: 'escape:1' }
const IMAGE = {
  pushless: 1,
  name: 'escape',
  architecture: 'amd64',
  os: 'linux',
  config: {},
  contents: [],
  maxLayers: 60,
}

async function pushlessImage(fields: object, references: readonly string[]): Promise<string> {
  return storeFile('escape.json', JSON.stringify({ ...IMAGE, ...fields }), { references })
}

/** Pulls all that can be pulled of an image, and looks for the secret in it. @returns what a refusal says. */
async function shows(t: Test, url: string, image: string, what: string): Promise<string> {
  const response = await fetch(`${repositoryUrl(url, image)}/manifests/nix`)
  if (response.status !== 200) {
    const { status, message } = await refusal(response)
    t.ok(status === 404 || status === 500, `${what}: refused with ${status}`)
    t.notMatch(message, SECRET, what)
    return message
  }
  t.notMatch(await response.text(), SECRET, `${what}: manifest`)
  for (const [digest, bytes] of await pullAll(url, image))
    t.notOk(bytes.includes(SECRET), `${what}: ${digest}`)
  return ''
}
