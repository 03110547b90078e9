/**
 * CycloneDX 1.6 of an image: the same bytes for the same closure. So its time is that of the image, its serial number
 * comes from the image's digest, and lists are sorted. Source: cyclonedx.org, specification 1.6, JSON.
 */
import type { Json } from '../../core/json.ts'
import { storeNameOf } from '../../core/nix/store-path.ts'
import type { Component, Inventory, Patch } from '../component.ts'
import { componentPurl, imagePurl } from '../purl.ts'
import { CREATED, documentId } from './document-facts.ts'

export function cyclonedx({ image, roots, components }: Inventory): Json {
  const imageRef = image.root
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${documentId('cyclonedx', image.manifest.digest)}`,
    version: 1,
    metadata: {
      timestamp: CREATED,
      tools: { components: [{ type: 'application', name: 'pushless' }] },
      component: {
        type: 'container',
        'bom-ref': imageRef,
        name: storeNameOf(image.root),
        version: image.manifest.digest,
        purl: imagePurl(image),
      },
    },
    components: components.map(componentOf),
    dependencies: [
      { ref: imageRef, dependsOn: roots },
      ...components.map(({ path, references }) => ({ ref: path, dependsOn: references })),
    ],
  }
}

function componentOf(component: Component): Json {
  const { path, name, version, output, narHash, narSize, layer, sources, patches } = component
  return {
    type: 'library',
    'bom-ref': path,
    name,
    ...(version === undefined ? {} : { version }),
    hashes: [{ alg: 'SHA-256', content: narHash }],
    purl: componentPurl(component),
    ...(sources.length === 0
      ? {}
      : {
          externalReferences: sources.map(({ url, sha256 }) => ({
            type: 'source-distribution',
            url,
            ...(sha256 === undefined ? {} : { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
          })),
        }),
    ...(patches.length === 0 ? {} : { pedigree: { patches: patches.map(patchOf) } }),
    properties: [
      { name: 'nix:output_path', value: path },
      ...(output === undefined ? [] : [{ name: 'nix:output', value: output }]),
      { name: 'nix:nar_size', value: String(narSize) },
      ...(layer === undefined
        ? []
        : [
            { name: 'oci:layer:digest', value: layer.digest },
            { name: 'oci:layer:diff_id', value: layer.diffId },
          ]),
    ],
  }
}

function patchOf({ name, fixes }: Patch): Json {
  return {
    type: 'unofficial',
    diff: { url: name },
    ...(fixes.length === 0 ? {} : { resolves: fixes.map((id) => ({ type: 'security', id })) }),
  }
}
