# A PersistentVolumeClaim: storage that outlives Pods.
let
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;
  toClaimSpec = import ../objects/claim-spec.nix;

  builder = "persistentVolumeClaim";
in
# name, namespace, labels, annotations, metadata; storage, a size such as "10Gi"; and the fields of its spec, where
# `accessModes` is [ "ReadWriteOnce" ] unless said
args: {
  apiVersion = "v1";
  kind = "PersistentVolumeClaim";
  metadata = toMetadata { inherit builder; } args;
  spec = toClaimSpec builder "spec" (withoutMetadata args);
}
