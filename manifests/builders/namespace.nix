/**
  Returns a Namespace.
*/
let
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  inherit (import ../objects/name.nix) checkLabel;
in
# name, labels, annotations, metadata, and the other fields of the object
args:
{
  apiVersion = "v1";
  kind = "Namespace";
  metadata = toMetadata {
    builder = named "namespace" args;
    checkName = checkLabel;
    namespaced = false;
  } args;
}
// withoutMetadata args
