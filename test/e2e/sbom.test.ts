/** `pushless sbom`, of an image whose package was built from a source, with a patch that is named for a CVE. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { root } from '../nix/nix-command.ts'
import { nixEnv } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { SOURCE_HASH, insightImage } from './insight-image.ts'

const TIME_LIMIT_MS = 60_000

void t.test('the SBOM of an image', { skip: missing('nix') }, async (t) => {
  const image = await insightImage()
  const sbomOf = async (image: string, ...args: readonly string[]) => {
    const state = await temporaryDirectory(t, 'state')
    const command = ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`]
    const options = { env: nixEnv, timeout: TIME_LIMIT_MS }
    const { stdout } = await execa(process.execPath, [...command, ...args, '--state', state, image], options)
    return stdout
  }
  const sbom = (...args: readonly string[]) => sbomOf(image, ...args)
  const text = await sbom('sbom')
  t.equal(await sbom('sbom'), text, 'the same bytes with another state directory')

  const components = componentsIn(text)
  const tool = components.find(({ name }) => name === 'tool')
  t.match(tool, {
    version: '1.2',
    cpe: 'cpe:2.3:a:example:tool:1.2:*:*:*:*:*:*:*',
    licenses: [{ expression: 'MIT' }],
    purl: /^pkg:nix\/tool@1\.2\?outputhash=[0-9a-z]{32}$/,
    externalReferences: [
      { url: 'https://example.org/tool-1.2.tar.gz', hashes: [{ alg: 'SHA-256', content: SOURCE_HASH }] },
      { type: 'website', url: 'https://example.org/tool' },
    ],
    pedigree: { patches: [{ resolves: [{ id: 'CVE-2024-12345' }] }] },
  })
  const inspected = JSON.parse(await sbom('inspect', '--json')) as {
    layers: { digest: string; storePaths: string[] }[]
  }
  const path = propertyOf(tool, 'nix:output_path')
  t.equal(
    propertyOf(tool, 'oci:layer:digest'),
    inspected.layers.find(({ storePaths }) => storePaths.includes(path))?.digest,
    'the layer that holds it',
  )

  const spdx = await sbom('sbom', '--format', 'spdx')
  t.match(JSON.parse(spdx), { spdxVersion: 'SPDX-2.3', name: /^web/ })
  for (const document of [text, spdx]) t.notMatch(document, /secret/)
  const archive = join(await temporaryDirectory(t, 'archive'), 'web.tar')
  await sbom('export', '-o', archive)
  const { stdout: added } = await execa('nix-store', ['--add', archive], { env: nixEnv })
  const ofArchive = await sbomOf(added.trim(), 'sbom')
  t.strictSame(
    componentsIn(ofArchive).map(({ name, version }) => `${name} ${version}`),
    [...components, { name: 'layer of other files', version: rootLayerOf(ofArchive) }].map(
      ({ name, version }) => `${name} ${version}`,
    ),
    'an archive of the image has the same components, and a layer of which nobody knows more',
  )
  t.match(await readFile(image, 'utf8'), /"pushless"/, 'the image itself is unchanged')
})

type Entry = { readonly name: string; readonly version?: string; readonly properties: readonly Named[] }

function componentsIn(text: string): readonly Entry[] {
  return (JSON.parse(text) as { components: Entry[] }).components
}

function rootLayerOf(text: string): string {
  const { metadata } = JSON.parse(text) as { metadata: { component: Entry } }
  return metadata.component.properties.at(-1)?.value.split(' ')[0] ?? ''
}

type Named = { readonly name: string; readonly value: string }

function propertyOf(component: { readonly properties: readonly Named[] } | undefined, name: string): string {
  return component?.properties.find((one) => one.name === name)?.value ?? ''
}
