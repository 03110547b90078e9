/**
 * Provenance of an image: who made its store path, and from what. Source: slsa.dev, provenance v1. docs/provenance.md
 * describes the build type and the builders. Times are left out, so that the same facts have the same bytes.
 */
import type { Json } from '../../core/json.ts'
import { storeNameOf } from '../../core/nix/store-path.ts'
import type { Material } from './materials.ts'
import type { Origin } from './origin.ts'
import type { ProvenanceFacts } from './provenance-facts.ts'

const BUILD_TYPE = 'https://nix.internal/build/nix/v1'
const BUILDER = 'https://nix.internal/builder'
/** The media type that Nix gives archives; their hash isn't that of a file. */
const NAR_TYPE = 'application/x-nix-nar'

/** The predicate of a statement. */
export function provenance({ info, origin, derivation }: ProvenanceFacts): Json {
  const { path, narHash } = info
  const materials = derivation?.materials
  const isPartial = materials !== undefined && materials.unknownDerivations > 0
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: {
        path,
        ...(derivation === undefined ? {} : { derivation: derivation.path }),
        ...(derivation?.output === undefined ? {} : { output: derivation.output }),
      },
      internalParameters: {
        ...(derivation === undefined ? {} : { system: derivation.system }),
        // A cache's signature covers the path, its hash and references, and not the derivation.
        ...(origin.kind === 'substituted' && derivation !== undefined ? { isDerivationSigned: false } : {}),
        ...(isPartial ? { unknownDerivations: materials.unknownDerivations } : {}),
      },
      resolvedDependencies: [
        ...(derivation?.narHash === undefined
          ? []
          : [
              {
                ...archive(derivation.narHash),
                name: storeNameOf(derivation.path),
                uri: `nix:${derivation.path}`,
              },
            ]),
        ...(materials?.sources ?? []).map(dependency),
      ],
    },
    runDetails: {
      builder: builderOf(origin),
      byproducts: [{ ...archive(narHash), name: storeNameOf(path), uri: `nix:${path}` }],
    },
  }
}

/** Parties that are trusted for other reasons have other identifiers (SLSA, "builder.id"). */
function builderOf(origin: Origin): Json {
  switch (origin.kind) {
    case 'built':
      return origin.machine === undefined
        ? { id: `${BUILDER}/local/v1` }
        : { id: `${BUILDER}/remote/v1`, builderDependencies: [{ uri: origin.machine }] }
    case 'substituted':
      return {
        id: `${BUILDER}/cache/v1`,
        builderDependencies: [
          ...(origin.cache === undefined ? [] : [{ uri: origin.cache }]),
          ...origin.keys.map((key) => ({ name: key, uri: `nix-key:${key}` })),
        ],
      }
    case 'unknown':
      return { id: `${BUILDER}/unknown/v1` }
  }
}

function dependency({ name, url, hash, isArchiveHash }: Material): Json {
  return {
    name,
    ...(url === undefined ? {} : { uri: url }),
    digest: { [hash.algorithm]: hash.hex },
    ...(isArchiveHash ? { mediaType: NAR_TYPE } : {}),
  }
}

function archive(sha256: string): { readonly [key: string]: Json } {
  return { digest: { sha256 }, mediaType: NAR_TYPE }
}
