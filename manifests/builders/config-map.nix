# A ConfigMap: text that Pods read. A path is the text of its file; a store path's text names the path, as it should.
let
  inherit (builtins)
    attrNames
    foldl'
    isAttrs
    isBool
    isFloat
    isInt
    isPath
    isString
    listToAttrs
    map
    match
    readFile
    removeAttrs
    stringLength
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;

  builder = "configMap";

  # MaxSecretSize of Kubernetes' validation; etcd takes little more.
  maxSize = 1024 * 1024;

  checkKey =
    key:
    if stringLength key <= 253 && match "[-._a-zA-Z0-9]+" key != null && key != "." && key != ".." then
      key
    else
      refuse builder "a name in data" key "at most 253 letters, digits, - _ .";

  toText =
    key: value:
    if isString value then
      value
    else if isPath value then
      readFile value
    else if isBool value || isInt value || isFloat value then
      toJSON value
    else
      refuse builder "data.${toJSON key}" value "a string, a number, a boolean or the path of a file (for JSON: builtins.toJSON)";

  toData =
    data:
    if !isAttrs data || data ? outPath then
      refuse builder "data" data "an attribute set, key to text"
    else
      listToAttrs (
        map (key: {
          name = checkKey key;
          value = toText key data.${key};
        }) (attrNames data)
      );
in
# name, namespace, labels, annotations, metadata, and the fields of ConfigMap: binaryData, immutable
{
  # key -> text; a number or a boolean as JSON has it, a path as what is in its file
  data ? { },
  ...
}@args:
let
  texts = toData data;
  size = foldl' (sum: key: sum + stringLength key + stringLength texts.${key}) 0 (attrNames texts);
in
{
  apiVersion = "v1";
  kind = "ConfigMap";
  metadata = toMetadata { inherit builder; } args;
}
// removeAttrs (withoutMetadata args) [ "data" ]
// {
  data =
    if size <= maxSize then texts else refuse builder "the size of data" size "at most ${toString maxSize} bytes";
}
