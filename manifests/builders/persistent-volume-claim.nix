/**
  Returns a PersistentVolumeClaim: storage that outlives Pods.
*/
let
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  toClaimSpec = import ../objects/claim-spec.nix;
in
# name, namespace, labels, annotations, metadata; storage, a size such as "10Gi"; and the fields of its spec, where
# the default of `accessModes` is [ "ReadWriteOnce" ]
args:
let
  builder = named "persistentVolumeClaim" args;
in
{
  apiVersion = "v1";
  kind = "PersistentVolumeClaim";
  metadata = toMetadata { inherit builder; } args;
  spec = toClaimSpec builder null (withoutMetadata args);
}
