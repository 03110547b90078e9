/** Reads the inventory of an image from the CycloneDX document that `cyclonedx.ts` writes. */
import { RegistryError } from '../../core/errors/errors.ts'
import { isList, isObject, type Json } from '../../core/json.ts'
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
  const subject = at(document, 'metadata', 'component')
  const root = parseStorePath(text(subject, 'bom-ref') ?? '')
  const digest = readDigest(text(subject, 'version'))
  if (root === undefined || digest === undefined)
    return refuse('metadata.component is not an image with a store path and a digest, as pushless writes it')

  const edges = new Map(
    list(document['dependencies']).map((entry) => [
      text(entry, 'ref') ?? '',
      pathsIn(at(entry, 'dependsOn')),
    ]),
  )
  const supplier = text(at(subject, 'supplier') ?? null, 'name')
  const entries = list(document['components'])
  const components = entries.flatMap((entry) => readComponent(entry, edges) ?? [])
  return {
    image: {
      root,
      digest,
      layers: valuesOf(subject, PROPERTY.layer).flatMap((line) => readLayer(line) ?? []),
      ...(supplier === undefined ? {} : { supplier }),
    },
    roots: edges.get(root) ?? [],
    components,
    opaqueLayers: entries.flatMap((entry) => {
      const found = layerOf(entry)
      const size = bytesIn(valueOf(entry, PROPERTY.layerSize))
      return found === undefined || size === undefined ? [] : [{ ...found, size }]
    }),
  }
}

function readComponent(entry: Json, edges: ReadonlyMap<string, readonly StorePath[]>): Component | undefined {
  const path = parseStorePath(text(entry, 'bom-ref') ?? '')
  const name = text(entry, 'name')
  if (path === undefined || name === undefined) return undefined
  const files = list(at(entry, 'components')).flatMap((file) => readFile(file) ?? [])
  return {
    path,
    name,
    version: text(entry, 'version'),
    output: valueOf(entry, PROPERTY.output),
    narHash: hashOf(entry),
    narSize: bytesIn(valueOf(entry, PROPERTY.narSize)),
    references: edges.get(path) ?? [],
    layer: layerOf(entry),
    sources: referencesOf(entry, 'source-distribution').flatMap((found) => {
      const url = text(found, 'url')
      return url === undefined ? [] : [{ url, sha256: hashOf(found) }]
    }),
    patches: list(at(entry, 'pedigree', 'patches')).map(readPatch),
    meta: readMeta(entry),
    ...(files.length === 0 ? {} : { files }),
  }
}

function readFile(entry: Json): FileFacts | undefined {
  const name = text(entry, 'name')
  const sha1 = hashOf(entry, 'SHA-1')
  const sha256 = hashOf(entry)
  if (name === undefined || sha1 === undefined || sha256 === undefined) return undefined
  return { name, sha1, sha256, isExecutable: valueOf(entry, PROPERTY.executable) === 'executable' }
}

function readMeta(entry: Json): PackageMeta {
  const identity = list(at(entry, 'evidence', 'identity')).find((one) => text(one, 'field') === 'purl')
  const licences = list(at(entry, 'licenses')).flatMap((choice) => {
    const found = text(choice, 'expression') ?? text(at(choice, 'license') ?? null, 'name')
    return found === undefined ? [] : [found]
  })
  return {
    licences: parseLicences(licences),
    homepage: referencesOf(entry, 'website').flatMap((found) => text(found, 'url') ?? [])[0],
    description: text(entry, 'description'),
    cpe: text(entry, 'cpe'),
    purl: identity === undefined ? undefined : text(identity, 'concludedValue'),
    position: valueOf(entry, PROPERTY.position),
    supplier: text(at(entry, 'supplier') ?? null, 'name'),
    knownVulnerabilities: valuesOf(entry, PROPERTY.knownVulnerability),
  }
}

function readPatch(entry: Json): Patch {
  return {
    name: text(at(entry, 'diff') ?? null, 'url') ?? '',
    fixes: list(at(entry, 'resolves')).flatMap((issue) => text(issue, 'id') ?? []),
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
  const found = list(at(entry, 'hashes')).find((hash) => text(hash, 'alg') === algorithm)
  return found === undefined ? undefined : text(found, 'content')
}

function referencesOf(entry: Json, type: string): readonly Json[] {
  return list(at(entry, 'externalReferences')).filter((found) => text(found, 'type') === type)
}

function valuesOf(entry: Json | undefined, name: string): readonly string[] {
  return list(at(entry, 'properties')).flatMap((found) =>
    text(found, 'name') === name ? (text(found, 'value') ?? []) : [],
  )
}

function valueOf(entry: Json, name: string): string | undefined {
  return valuesOf(entry, name)[0]
}

function pathsIn(value: Json | undefined): readonly StorePath[] {
  return list(value).flatMap((one) => (typeof one === 'string' ? (parseStorePath(one) ?? []) : []))
}

function at(value: Json | undefined, ...names: readonly string[]): Json | undefined {
  let found = value
  for (const name of names) found = isObject(found) ? found[name] : undefined
  return found
}

function text(value: Json | undefined, name: string): string | undefined {
  const found = at(value, name)
  return typeof found === 'string' ? found : undefined
}

function list(value: Json | undefined): readonly Json[] {
  return value !== undefined && isList(value) ? value : []
}
