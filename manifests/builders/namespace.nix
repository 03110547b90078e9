# A Namespace.
let
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;
  inherit (import ../objects/name.nix) checkLabel;
in
# name, labels, annotations, metadata, and the fields beside it
args:
{
  apiVersion = "v1";
  kind = "Namespace";
  metadata = toMetadata {
    builder = "namespace";
    checkName = checkLabel;
    namespaced = false;
  } args;
}
// withoutMetadata args
