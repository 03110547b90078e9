/**
 * SPDX 2.3 of an image: the same bytes for the same closure. Source: spdx.github.io, specification 2.3, JSON. `NOASSERTION`
 * stands for facts that aren't known where the specification wants a value.
 */
import { createHash } from 'node:crypto'
import type { Json } from '../../core/json.ts'
import { storeHashOf, storeNameOf, type StorePath } from '../../core/nix/store-path.ts'
import type { Component, ImageFacts, Inventory, LayerFacts, Patch } from '../inventory/component.ts'
import type { Licence } from '../inventory/package-meta.ts'
import { componentPurl, imagePurl } from '../purl.ts'
import { CREATED, documentId } from './document-facts.ts'

const UNKNOWN = 'NOASSERTION'
const DOCUMENT = 'SPDXRef-DOCUMENT'

export function spdx({ image, roots, components, opaqueLayers }: Inventory): Json {
  const { digest } = image
  const name = storeNameOf(image.root)
  const named = namedLicences(components)
  const files = components.flatMap(filesOf)
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT,
    name,
    documentNamespace: `https://nix.internal/spdx/${documentId('spdx', image)}`,
    creationInfo: { created: CREATED, creators: ['Tool: pushless'] },
    packages: [
      {
        SPDXID: imageRef(image),
        name,
        versionInfo: digest,
        ...UNKNOWN_FACTS,
        ...(image.supplier === undefined ? {} : { supplier: `Organization: ${image.supplier}` }),
        primaryPackagePurpose: 'CONTAINER',
        externalRefs: [purlRef(imagePurl(image))],
      },
      ...components.map(packageOf),
      ...opaqueLayers.map(opaqueOf),
    ],
    ...(files.length === 0 ? {} : { files }),
    ...(named.length === 0 ? {} : { hasExtractedLicensingInfos: named }),
    relationships: [
      relationship(DOCUMENT, 'DESCRIBES', imageRef(image)),
      ...roots.map((path) => relationship(imageRef(image), 'DEPENDS_ON', refOf(path))),
      ...opaqueLayers.map((layer) => relationship(imageRef(image), 'CONTAINS', layerRef(layer))),
      ...components.flatMap(({ path, files: own = [] }) =>
        own.map(({ name: file }) => relationship(refOf(path), 'CONTAINS', fileRef(path, file))),
      ),
      ...components.flatMap(({ path, references }) =>
        references.map((other) => relationship(refOf(path), 'DEPENDS_ON', refOf(other))),
      ),
    ],
  }
}

const UNKNOWN_FACTS = {
  downloadLocation: UNKNOWN,
  filesAnalyzed: false,
  licenseConcluded: UNKNOWN,
  licenseDeclared: UNKNOWN,
  copyrightText: UNKNOWN,
  supplier: UNKNOWN,
} as const

function packageOf(component: Component): Json {
  const { path, name, version, narHash, sources, meta } = component
  const [source] = sources
  return {
    SPDXID: refOf(path),
    name,
    ...(version === undefined ? {} : { versionInfo: version }),
    ...UNKNOWN_FACTS,
    ...(source === undefined ? {} : { downloadLocation: source.url }),
    ...(meta.licences.length === 0 ? {} : { licenseDeclared: declared(meta.licences) }),
    ...(meta.supplier === undefined ? {} : { supplier: `Organization: ${meta.supplier}` }),
    ...(meta.homepage === undefined ? {} : { homepage: meta.homepage }),
    ...(meta.description === undefined ? {} : { summary: meta.description }),
    ...(narHash === undefined ? {} : { checksums: [{ algorithm: 'SHA256', checksumValue: narHash }] }),
    primaryPackagePurpose: 'LIBRARY',
    externalRefs: [
      purlRef(componentPurl(component)),
      ...(meta.purl === undefined ? [] : [purlRef(meta.purl)]),
      ...(meta.cpe === undefined ? [] : [cpeRef(meta.cpe)]),
    ],
    comment: commentOf(component),
  }
}

function filesOf({ path, files = [] }: Component): readonly Json[] {
  return files.map(({ name, sha1, sha256, isExecutable }) => ({
    SPDXID: fileRef(path, name),
    fileName: `.${path}${name === '.' ? '' : `/${name}`}`,
    checksums: [
      { algorithm: 'SHA1', checksumValue: sha1 },
      { algorithm: 'SHA256', checksumValue: sha256 },
    ],
    ...(isExecutable ? { fileTypes: ['APPLICATION'] } : {}),
    licenseConcluded: UNKNOWN,
    licenseInfoInFiles: [UNKNOWN],
    copyrightText: UNKNOWN,
  }))
}

/** Names have characters that an identifier may not have (specification 2.3, section 8.2). */
function fileRef(path: StorePath, name: string): string {
  return `SPDXRef-file-${createHash('sha256').update(`${path}/${name}`).digest('hex')}`
}

/** A layer whose files aren't those of known packages. */
function opaqueOf(layer: LayerFacts): Json {
  const { digest, diffId } = layer
  return {
    SPDXID: layerRef(layer),
    name: 'layer of other files',
    versionInfo: digest,
    ...UNKNOWN_FACTS,
    checksums: [{ algorithm: 'SHA256', checksumValue: digest.slice('sha256:'.length) }],
    primaryPackagePurpose: 'ARCHIVE',
    comment: `diff_id ${diffId}`,
  }
}

function layerRef({ digest }: LayerFacts): string {
  return `SPDXRef-layer-${digest.slice('sha256:'.length)}`
}

function declared(licences: readonly Licence[]): string {
  const terms = licences.map((licence) =>
    licence.kind === 'spdx' ? licence.expression : licenceRef(licence.name),
  )
  const [only = UNKNOWN, ...others] = terms
  return others.length === 0
    ? only
    : terms.map((term) => (term.includes(' OR ') ? `(${term})` : term)).join(' AND ')
}

/** The licences that SPDX doesn't list. Their texts aren't known. */
function namedLicences(components: readonly Component[]): readonly Json[] {
  const names = components.flatMap(({ meta }) =>
    meta.licences.flatMap((licence) => (licence.kind === 'named' ? [licence.name] : [])),
  )
  return [...new Set(names)].toSorted().map((name) => ({
    licenseId: licenceRef(name),
    name,
    extractedText: UNKNOWN,
  }))
}

/** Specification 2.3, section 10.1: letters, numbers, `-` and `.`. The hash keeps names apart that look alike so. */
function licenceRef(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `LicenseRef-${name.replaceAll(/[^A-Za-z0-9.]+/g, '-')}-${hash}`
}

/** The facts that SPDX has no field for. */
function commentOf({ path, output, layer, patches }: Component): string {
  return [
    `store path ${path}`,
    ...(output === undefined ? [] : [`output ${output}`]),
    ...(layer === undefined ? [] : [`layer ${layer.digest}, diff_id ${layer.diffId}`]),
    ...patches.map(({ name, fixes }: Patch) => `patch ${name}${fixes.map((id) => `, for ${id}`).join('')}`),
  ].join('; ')
}

function purlRef(purl: string): Json {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }
}

function cpeRef(cpe: string): Json {
  return { referenceCategory: 'SECURITY', referenceType: 'cpe23Type', referenceLocator: cpe }
}

function relationship(from: string, type: string, to: string): Json {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to }
}

/** A package that is served as an image is a package of its own, too. */
function imageRef({ root }: ImageFacts): string {
  return `SPDXRef-image-${storeHashOf(root)}`
}

function refOf(path: StorePath): string {
  return `SPDXRef-${storeHashOf(path)}`
}
