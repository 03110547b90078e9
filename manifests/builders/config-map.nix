/**
  Returns a ConfigMap: text that Pods read. A path stands for the text of its file. The text of a store path names the
  path.
*/
let
  inherit (builtins) removeAttrs;
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  inherit (import ../objects/data.nix) join toBytes toTexts;
in
# name, namespace, labels, annotations, metadata, and the fields of ConfigMap: immutable
{
  # key -> text. A number or a boolean becomes JSON, and a path becomes the text of its file
  data ? { },
  # key -> base64, for values that aren't text
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
