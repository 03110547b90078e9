# A Secret. What a manifest says is in the Nix store, which everybody on its machine may read: for secrets that are
# secret, make the Secret in the cluster (External Secrets, sealed secrets, `kubectl create secret`) and name it only.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    isAttrs
    isString
    listToAttrs
    map
    removeAttrs
    toJSON
    trace
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;

  builder = "secret";

  toStrings =
    field: data:
    if !isAttrs data || data ? outPath then
      refuse builder field data "an attribute set of strings"
    else
      listToAttrs (
        map (key: {
          name = key;
          value =
            if isString data.${key} then
              data.${key}
            else
              refuse builder "${field}.${toJSON key}" data.${key} "a string";
        }) (attrNames data)
      );
in
# name, namespace, labels, annotations, metadata, and the fields of Secret: type, immutable
{
  name ? throw "${builder}: name is missing",
  # key -> base64, as Kubernetes keeps it
  data ? { },
  # key -> text
  stringData ? { },
  # that the values may be known to all is accepted: no warning
  plainText ? false,
  ...
}@args:
let
  keys = attrNames (toStrings "data" data // toStrings "stringData" stringData);
  secret =
    {
      apiVersion = "v1";
      kind = "Secret";
      metadata = toMetadata { inherit builder; } args;
      type = args.type or "Opaque";
    }
    // removeAttrs (withoutMetadata args) [
      "data"
      "stringData"
      "plainText"
      "type"
    ]
    // (if data == { } then { } else { data = toStrings "data" data; })
    // (if stringData == { } then { } else { stringData = toStrings "stringData" stringData; });
in
if keys == [ ] || plainText then
  secret
else
  trace "warning: ${builder}: ${name} holds ${concatStringsSep ", " keys} in plain text, readable by all in the Nix store; expected a Secret made in the cluster, or plainText = true" secret
