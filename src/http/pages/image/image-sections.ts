/** The short sections of an image's page. */
import { isList, isObject, type Json } from '../../../core/json.ts'
import { imageNameOf, referenceBase } from '../../../core/oci/reference.ts'
import { STORE_DIR, storeHashOf, type StorePath } from '../../../core/nix/store-path.ts'
import type { Component } from '../../../insight/inventory/component.ts'
import { cut, markup, type Markup, type Part } from '../markup.ts'
import type { PageImage, Vulnerability } from '../page-image.ts'
import { countText, sizeText } from '../units.ts'
import { webLink } from './web-link.ts'
import { imageUrl, type ImageAddress } from './image-address.ts'
import { titleOf } from './listed-components.ts'

const TEXT_LENGTH = 400
const VARIABLES_SHOWN = 50
const FINDINGS_SHOWN = 500

export function imageFacts(
  { inventory, format, platform, platforms = [], config }: PageImage,
  address: ImageAddress,
): Markup {
  const { root, digest, layers } = inventory.image
  const settings = isObject(config) ? config['config'] : undefined
  const setting = (name: string) => (isObject(settings) ? textOf(settings[name]) : undefined)
  const size = layers.reduce((sum, layer) => sum + layer.size, 0)
  const rows: readonly (readonly [string, Part])[] = [
    ['Store path', markup`<code>${root}</code>`],
    ['Digest', markup`<code>${digest}</code>`],
    ['Kind', format],
    ['Platform', platform],
    [
      'All platforms',
      platforms.length < 2 ? undefined : platforms.map((name) => platformLink(address, name)),
    ],
    [
      'Size',
      `${sizeText(size)} in ${countText(layers.length, 'layer')}, ${countText(inventory.components.length, 'store path')}`,
    ],
    ['Entrypoint', setting('Entrypoint')],
    ['Command', setting('Cmd')],
    ['User', setting('User')],
    ['Directory', setting('WorkingDir')],
    ['Ports', isObject(settings) ? keysOf(settings['ExposedPorts']) : undefined],
    ['Environment', isObject(settings) ? variables(settings['Env']) : undefined],
  ]
  return markup`<dl>
${rows.map(([name, value]) => (value === undefined || value === '' ? undefined : markup`<dt>${name}<dd>${value}\n`))}</dl>`
}

export function pullCommands({ reference, tag }: ImageAddress, root: StorePath, host: string): Markup {
  const name = `${host}${STORE_DIR}/${referenceBase(reference)}:${tag}`
  return markup`<p>In a manifest, for nodes that know the registry as nix.internal:</p>
<pre>image: ${imageNameOf(root)}</pre>
<p>From this registry:</p>
<pre>podman pull ${name}
skopeo inspect docker://${name}</pre>
<p>Without TLS, podman and skopeo also need <code>--tls-verify=false</code>.</p>`
}

/** @param found nothing where nobody has looked. */
export function vulnerabilityList(
  found: readonly Vulnerability[] | undefined,
  components: readonly Component[],
): Markup {
  const known = components.flatMap(({ path, meta }) =>
    meta.knownVulnerabilities.map((id) => ({ id, component: path })),
  )
  const all: readonly Vulnerability[] = found ?? known
  const titles = new Map(components.map((component) => [component.path, titleOf(component)]))
  const looked =
    found === undefined
      ? markup`<p>No scanner has looked at this image here. A scanner reads the documents under Downloads.</p>`
      : undefined
  if (all.length === 0)
    return markup`${looked}<p>${found === undefined ? 'nixpkgs names none.' : 'None was found.'}</p>`
  return markup`${looked}<div class="scroll" tabindex="0" role="region" aria-label="Vulnerabilities"><table>
<thead><tr><th scope="col">Identifier<th scope="col">Severity<th scope="col">Component<th scope="col">Fixed in<th scope="col">Note</thead>
<tbody>
${all.slice(0, FINDINGS_SHOWN).map(
  ({ id, component, severity, fixedIn, note, url }) =>
    markup`<tr><td>${webLink(url, cut(id, TEXT_LENGTH))}<td>${severity}<td>${cut(titles.get(component) ?? storeHashOf(component), 120)}<td>${cut(fixedIn ?? '', 80)}<td>${cut(note ?? '', TEXT_LENGTH)}
`,
)}</tbody></table></div>
${all.length > FINDINGS_SHOWN ? markup`<p>${all.length - FINDINGS_SHOWN} more are left out.</p>` : undefined}`
}

export function downloads(
  address: ImageAddress,
  { inventory, configDigest, provenance, reports }: PageImage,
): Markup {
  const repository = `/v2${STORE_DIR}/${encodeURIComponent(referenceBase(address.reference))}`
  return markup`<ul>
<li><a href="${imageUrl(address, { document: 'sbom.cdx.json' })}" download>Software bill of materials, CycloneDX 1.6</a></li>
<li><a href="${imageUrl(address, { document: 'sbom.spdx.json' })}" download>Software bill of materials, SPDX 2.3</a></li>
${reports === undefined ? undefined : markup`<li><a href="${imageUrl(address, { document: 'vulnerabilities.sarif.json' })}" download>Vulnerabilities, SARIF</a></li>\n<li><a href="${imageUrl(address, { document: 'vulnerabilities.openvex.json' })}" download>Vulnerabilities, OpenVEX</a></li>\n`}${provenance === undefined ? undefined : markup`<li><a href="${imageUrl(address, { document: 'provenance.intoto.json' })}" download>Provenance, in-toto with SLSA</a></li>\n`}<li><a href="${repository}/manifests/${inventory.image.digest}" download="manifest.json">Manifest</a></li>
<li><a href="${repository}/blobs/${configDigest}" download="config.json">Configuration</a></li>
</ul>`
}

function platformLink(address: ImageAddress, platform: string): Markup {
  return markup`<a href="${imageUrl({ ...address, platform })}">${platform}</a> `
}

function textOf(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  const text = isList(value)
    ? value.map((word) => (typeof word === 'string' ? quoted(word) : JSON.stringify(word))).join(' ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value)
  return cut(text, TEXT_LENGTH)
}

/** A word of a command, so that one can see where it ends. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)
}

function keysOf(value: Json | undefined): string | undefined {
  return isObject(value) ? cut(Object.keys(value).join(', '), TEXT_LENGTH) : undefined
}

function variables(value: Json | undefined): Part {
  if (value === undefined || !isList(value) || value.length === 0) return undefined
  const shown = value.slice(0, VARIABLES_SHOWN).map((line) => cut(String(textOf(line)), TEXT_LENGTH))
  const more = value.length > shown.length ? `\nand ${value.length - shown.length} more` : ''
  return markup`<pre>${shown.join('\n')}${more}</pre>`
}
