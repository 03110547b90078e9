/** Names of the properties in our CycloneDX documents, for facts that the specification has no field for. */
export const PROPERTY = {
  path: 'nix:output_path',
  output: 'nix:output',
  /** Bytes of the path as a Nix archive. */
  narSize: 'nix:nar_size',
  position: 'nix:position',
  /** An entry of `meta.knownVulnerabilities`. */
  knownVulnerability: 'nix:known_vulnerability',
  /** `executable` or `non-executable`, as BSI TR-03183-2 has it in 5.2.2. */
  executable: 'bsi:component:executable',
  layerDigest: 'oci:layer:digest',
  layerDiffId: 'oci:layer:diff_id',
  layerSize: 'oci:layer:size',
  /** On the image, one for each layer: digest, diff_id and bytes, with a space between them. */
  layer: 'oci:layer',
} as const
