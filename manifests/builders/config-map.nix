# A ConfigMap: text that Pods read. A path is the text of its file; a store path's text names the path, as it should.
let
  inherit (builtins) removeAttrs;
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  inherit (import ../objects/data.nix) join toBytes toTexts;
in
# name, namespace, labels, annotations, metadata, and the fields of ConfigMap: immutable
{
  # key -> text; a number or a boolean as JSON has it, a path as what is in its file
  data ? { },
  # key -> base64, for what isn't text
  binaryData ? { },
  ...
}@args:
let
  builder = named "configMap" args;
in
{
  apiVersion = "v1";
  kind = "ConfigMap";
  metadata = toMetadata { inherit builder; } args;
}
// removeAttrs (withoutMetadata args) [
  "data"
  "binaryData"
]
// join builder "data" (toTexts builder "data" data) "binaryData" (
  toBytes builder "binaryData" binaryData
)
