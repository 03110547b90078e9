/** Statements of in-toto: a claim about an artifact. Source: in-toto attestation framework, spec/v1/statement.md. */
import { imageNameOf } from '../../core/oci/reference.ts'
import type { Json } from '../../core/json.ts'
import type { Digest } from '../../core/oci/digest.ts'
import type { StorePath } from '../../core/nix/store-path.ts'

/** An image or index, by the path that it is pulled by and the digest of its manifest. */
export type Subject = { readonly root: StorePath; readonly digest: Digest }

/** The types of what statements say. */
export const PREDICATE_TYPE = {
  provenance: 'https://slsa.dev/provenance/v1',
  cyclonedx: 'https://cyclonedx.org/bom',
  spdx: 'https://spdx.dev/Document',
  /** That the image is meant; nothing more is said. */
  signature: 'https://sigstore.dev/cosign/sign/v1',
} as const

export function statement({ root, digest }: Subject, predicateType: string, predicate: Json): Json {
  const [algorithm = '', hex = ''] = digest.split(':')
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: imageNameOf(root), digest: { [algorithm]: hex } }],
    predicateType,
    predicate,
  }
}
