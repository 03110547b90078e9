/**
 * SPDX 2.3 of an image: the same bytes for the same closure. Source: spdx.github.io, specification 2.3, JSON. `NOASSERTION`
 * stands for facts that aren't known where the specification wants a value.
 */
import type { Json } from '../../core/json.ts'
import { storeHashOf, storeNameOf, type StorePath } from '../../core/nix/store-path.ts'
import type { Component, Inventory, Patch } from '../component.ts'
import { componentPurl, imagePurl } from '../purl.ts'
import { CREATED, documentId } from './document-facts.ts'

const UNKNOWN = 'NOASSERTION'
const DOCUMENT = 'SPDXRef-DOCUMENT'

export function spdx({ image, roots, components }: Inventory): Json {
  const { digest } = image.manifest
  const name = storeNameOf(image.root)
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT,
    name,
    documentNamespace: `https://nix.internal/spdx/${documentId('spdx', digest)}`,
    creationInfo: { created: CREATED, creators: ['Tool: pushless'] },
    packages: [
      {
        SPDXID: refOf(image.root),
        name,
        versionInfo: digest,
        ...UNKNOWN_FACTS,
        primaryPackagePurpose: 'CONTAINER',
        externalRefs: [purlRef(imagePurl(image))],
      },
      ...components.map(packageOf),
    ],
    relationships: [
      relationship(DOCUMENT, 'DESCRIBES', refOf(image.root)),
      ...roots.map((path) => relationship(refOf(image.root), 'DEPENDS_ON', refOf(path))),
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
  const { path, name, version, narHash, sources } = component
  const [source] = sources
  return {
    SPDXID: refOf(path),
    name,
    ...(version === undefined ? {} : { versionInfo: version }),
    ...UNKNOWN_FACTS,
    ...(source === undefined ? {} : { downloadLocation: source.url }),
    checksums: [{ algorithm: 'SHA256', checksumValue: narHash }],
    primaryPackagePurpose: 'LIBRARY',
    externalRefs: [purlRef(componentPurl(component))],
    comment: commentOf(component),
  }
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

function relationship(from: string, type: string, to: string): Json {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to }
}

function refOf(path: StorePath): string {
  return `SPDXRef-${storeHashOf(path)}`
}
