/**
 * CycloneDX 1.6 of an image: the same bytes for the same closure. So its time is that of the image, its serial number
 * comes from the image's digest, and lists are sorted. Source: cyclonedx.org, specification 1.6, JSON.
 * `read-cyclonedx.ts` reads what is written here.
 */
import type { Json } from '../../core/json.ts'
import { storeNameOf, type StorePath } from '../../core/nix/store-path.ts'
import type { Component, Inventory, LayerFacts, Patch } from '../inventory/component.ts'
import type { FileFacts } from '../inventory/component-files.ts'
import type { Licence } from '../inventory/package-meta.ts'
import { componentPurl, imagePurl } from '../purl.ts'
import { PROPERTY } from './cyclonedx-properties.ts'
import { CREATED, documentId } from './document-facts.ts'

export function cyclonedx({ image, roots, components, opaqueLayers }: Inventory): Json {
  // A package that is served as an image is a component, too.
  const imageRef = `image ${image.root}`
  const opaqueRefs = opaqueLayers.map(({ digest }) => digest)
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${documentId('cyclonedx', image)}`,
    version: 1,
    metadata: {
      timestamp: CREATED,
      tools: { components: [{ type: 'application', name: 'pushless' }] },
      component: {
        type: 'container',
        'bom-ref': imageRef,
        ...optional('supplier', image.supplier, organization),
        name: storeNameOf(image.root),
        version: image.digest,
        purl: imagePurl(image),
        properties: [
          property(PROPERTY.path, image.root),
          ...image.layers.map((layer) => property(PROPERTY.layer, layerText(layer))),
        ],
      },
    },
    components: [...components.map(componentOf), ...opaqueLayers.map(opaqueOf)],
    dependencies: [
      { ref: imageRef, dependsOn: [...roots, ...opaqueRefs] },
      ...components.map(({ path, references }) => ({ ref: path, dependsOn: references })),
      ...opaqueRefs.map((ref) => ({ ref, dependsOn: [] })),
    ],
  }
}

function componentOf(component: Component): Json {
  const { path, name, version, narHash, patches, meta, files } = component
  const references = externalReferences(component)
  return {
    type: 'library',
    'bom-ref': path,
    ...optional('supplier', meta.supplier, organization),
    name,
    ...optional('version', version),
    ...optional('description', meta.description),
    ...optional('hashes', narHash, hashes),
    ...(meta.licences.length === 0 ? {} : { licenses: licensesOf(meta.licences) }),
    ...optional('cpe', meta.cpe),
    purl: componentPurl(component),
    ...(references.length === 0 ? {} : { externalReferences: references }),
    ...(patches.length === 0 ? {} : { pedigree: { patches: patches.map(patchOf) } }),
    // The package's own URL; `purl` is that of the output path.
    ...optional('evidence', meta.purl, (purl) => ({ identity: [{ field: 'purl', concludedValue: purl }] })),
    ...(files === undefined || files.length === 0
      ? {}
      : { components: files.map((file) => fileOf(path, file)) }),
    properties: propertiesOf(component),
  }
}

function fileOf(path: StorePath, { name, sha1, sha256, isExecutable }: FileFacts): Json {
  return {
    type: 'file',
    'bom-ref': `${path}/${name}`,
    name,
    hashes: [
      { alg: 'SHA-1', content: sha1 },
      { alg: 'SHA-256', content: sha256 },
    ],
    properties: [property(PROPERTY.executable, isExecutable ? 'executable' : 'non-executable')],
  }
}

function organization(name: string): Json {
  return { name }
}

function optional<T>(
  key: string,
  value: T | undefined,
  write?: (value: T) => Json,
): { readonly [key: string]: Json } {
  if (value === undefined) return {}
  return { [key]: write === undefined ? String(value) : write(value) }
}

function propertiesOf({ path, output, narSize, layer, meta }: Component): Json {
  const { position, knownVulnerabilities } = meta
  return [
    property(PROPERTY.path, path),
    ...(output === undefined ? [] : [property(PROPERTY.output, output)]),
    ...(narSize === undefined ? [] : [property(PROPERTY.narSize, String(narSize))]),
    ...(position === undefined ? [] : [property(PROPERTY.position, position)]),
    ...knownVulnerabilities.map((text) => property(PROPERTY.knownVulnerability, text)),
    ...(layer === undefined
      ? []
      : [property(PROPERTY.layerDigest, layer.digest), property(PROPERTY.layerDiffId, layer.diffId)]),
  ]
}

function property(name: string, value: string): Json {
  return { name, value }
}

function layerText({ digest, diffId, size }: LayerFacts): string {
  return `${digest} ${diffId} ${size}`
}

function hashes(sha256: string): Json {
  return [{ alg: 'SHA-256', content: sha256 }]
}

function externalReferences({ sources, meta }: Component): readonly Json[] {
  return [
    ...sources.map(({ url, sha256 }) => ({
      type: 'source-distribution',
      url,
      ...optional('hashes', sha256, hashes),
    })),
    ...(meta.homepage === undefined ? [] : [{ type: 'website', url: meta.homepage }]),
  ]
}

/** One expression, or a list of names: CycloneDX 1.6 doesn't take both. */
function licensesOf(licences: readonly Licence[]): Json {
  const [first, ...others] = licences
  if (first?.kind === 'spdx' && others.length === 0)
    return [{ expression: first.expression, acknowledgement: 'declared' }]
  return licences.map((licence) => ({
    license: {
      name: licence.kind === 'spdx' ? licence.expression : licence.name,
      acknowledgement: 'declared',
    },
  }))
}

function patchOf({ name, fixes }: Patch): Json {
  return {
    type: 'unofficial',
    diff: { url: name },
    ...(fixes.length === 0 ? {} : { resolves: fixes.map((id) => ({ type: 'security', id })) }),
  }
}

/** A layer whose files aren't those of known packages. */
function opaqueOf({ digest, diffId, size }: LayerFacts): Json {
  return {
    type: 'file',
    'bom-ref': digest,
    name: 'layer of other files',
    version: digest,
    hashes: hashes(digest.slice('sha256:'.length)),
    properties: [
      property(PROPERTY.layerDigest, digest),
      property(PROPERTY.layerDiffId, diffId),
      property(PROPERTY.layerSize, String(size)),
    ],
  }
}
