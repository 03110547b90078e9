/** Reads the inventory of an image from the CycloneDX document that `cyclonedx.ts` writes. */
import { RegistryError } from '../../core/errors/errors.ts'
import { isObject, type Json } from '../../core/json.ts'
import { fieldAt, listAt, textAt, textsAt } from '../../core/json-fields.ts'
import { readDigest } from '../../core/oci/digest.ts'
import { parseStorePath, type StorePath } from '../../core/nix/store-path.ts'
import type { FileFacts } from '../inventory/component-files.ts'
import type { Component, Inventory, LayerFacts, Patch } from '../inventory/component.ts'
import { parseLicences, type PackageMeta } from '../inventory/package-meta.ts'
import { PROPERTY } from './cyclonedx-properties.ts'

/**
 * @param name of the document, for messages.
 * @throws RegistryError `malformed` for a document of another form, such as one that another tool wrote.
 */
export function readCyclonedx(name: string, document: Json): Inventory {
  const refuse = (why: string): never => {
    throw new RegistryError('malformed', `${name}: ${why}`)
  }
  if (!isObject(document) || document['bomFormat'] !== 'CycloneDX') return refuse('not a CycloneDX document')
  const subject = fieldAt(document, 'metadata', 'component')
  const root = parseStorePath(valuesOf(subject, PROPERTY.path)[0] ?? '')
  const digest = readDigest(textAt(subject, 'version'))
  if (root === undefined || digest === undefined)
    return refuse('metadata.component is not an image with a store path and a digest, as pushless writes it')

  const edges = new Map(
    listAt(document, 'dependencies').map((entry) => [
      textAt(entry, 'ref') ?? '',
      textsAt(entry, 'dependsOn').flatMap((one) => parseStorePath(one) ?? []),
    ]),
  )
  const supplier = textAt(fieldAt(subject, 'supplier') ?? null, 'name')
  const entries = listAt(document, 'components')
  const components = entries.flatMap((entry) => readComponent(entry, edges) ?? [])
  return {
    image: {
      root,
      digest,
      layers: valuesOf(subject, PROPERTY.layer).flatMap((line) => readLayer(line) ?? []),
      ...(supplier === undefined ? {} : { supplier }),
    },
    roots: edges.get(textAt(subject, 'bom-ref') ?? '') ?? [],
    components,
    opaqueLayers: entries.flatMap((entry) => {
      const found = layerOf(entry)
      const size = bytesIn(valueOf(entry, PROPERTY.layerSize))
      return found === undefined || size === undefined ? [] : [{ ...found, size }]
    }),
  }
}

function readComponent(entry: Json, edges: ReadonlyMap<string, readonly StorePath[]>): Component | undefined {
  const path = parseStorePath(textAt(entry, 'bom-ref') ?? '')
  const name = textAt(entry, 'name')
  if (path === undefined || name === undefined) return undefined
  const files = listAt(entry, 'components').flatMap((file) => readFile(file) ?? [])
  return {
    path,
    name,
    version: textAt(entry, 'version'),
    output: valueOf(entry, PROPERTY.output),
    narHash: hashOf(entry),
    narSize: bytesIn(valueOf(entry, PROPERTY.narSize)),
    references: edges.get(path) ?? [],
    layer: layerOf(entry),
    sources: referencesOf(entry, 'source-distribution').flatMap((found) => {
      const url = textAt(found, 'url')
      return url === undefined ? [] : [{ url, sha256: hashOf(found) }]
    }),
    patches: listAt(entry, 'pedigree', 'patches').map(readPatch),
    meta: readMeta(entry),
    ...(files.length === 0 ? {} : { files }),
  }
}

function readFile(entry: Json): FileFacts | undefined {
  const name = textAt(entry, 'name')
  const sha1 = hashOf(entry, 'SHA-1')
  const sha256 = hashOf(entry)
  if (name === undefined || sha1 === undefined || sha256 === undefined) return undefined
  return { name, sha1, sha256, isExecutable: valueOf(entry, PROPERTY.executable) === 'executable' }
}

function readMeta(entry: Json): PackageMeta {
  const identity = listAt(entry, 'evidence', 'identity').find((one) => textAt(one, 'field') === 'purl')
  const licences = listAt(entry, 'licenses').flatMap((choice) => {
    const found = textAt(choice, 'expression') ?? textAt(choice, 'license', 'name')
    return found === undefined ? [] : [found]
  })
  return {
    licences: parseLicences(licences),
    homepage: referencesOf(entry, 'website').flatMap((found) => textAt(found, 'url') ?? [])[0],
    description: textAt(entry, 'description'),
    cpe: textAt(entry, 'cpe'),
    purl: identity === undefined ? undefined : textAt(identity, 'concludedValue'),
    position: valueOf(entry, PROPERTY.position),
    supplier: textAt(entry, 'supplier', 'name'),
    knownVulnerabilities: valuesOf(entry, PROPERTY.knownVulnerability),
  }
}

function readPatch(entry: Json): Patch {
  return {
    name: textAt(entry, 'diff', 'url') ?? '',
    fixes: listAt(entry, 'resolves').flatMap((issue) => textAt(issue, 'id') ?? []),
  }
}

function layerOf(entry: Json): Component['layer'] {
  const digest = readDigest(valueOf(entry, PROPERTY.layerDigest))
  const diffId = readDigest(valueOf(entry, PROPERTY.layerDiffId))
  return digest === undefined || diffId === undefined ? undefined : { digest, diffId }
}

function readLayer(line: string): LayerFacts | undefined {
  const [first, second, third] = line.split(' ')
  const digest = readDigest(first)
  const diffId = readDigest(second)
  const size = bytesIn(third)
  return digest === undefined || diffId === undefined || size === undefined
    ? undefined
    : { digest, diffId, size }
}

/** A number of bytes, `undefined` for any other text. */
function bytesIn(text: string | undefined): number | undefined {
  const bytes = /^\d+$/.test(text ?? '') ? Number(text) : undefined
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

function hashOf(entry: Json, algorithm = 'SHA-256'): string | undefined {
  const found = listAt(entry, 'hashes').find((hash) => textAt(hash, 'alg') === algorithm)
  return found === undefined ? undefined : textAt(found, 'content')
}

function referencesOf(entry: Json, type: string): readonly Json[] {
  return listAt(entry, 'externalReferences').filter((found) => textAt(found, 'type') === type)
}

function valuesOf(entry: Json | undefined, name: string): readonly string[] {
  return listAt(entry, 'properties').flatMap((found) =>
    textAt(found, 'name') === name ? (textAt(found, 'value') ?? []) : [],
  )
}

function valueOf(entry: Json, name: string): string | undefined {
  return valuesOf(entry, name)[0]
}
