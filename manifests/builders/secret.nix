/**
  Returns a Secret. Manifests are in the Nix store, which everybody on its machine can read. Make a real secret in the
  cluster (External Secrets, sealed secrets, `kubectl create secret`), and only name it in manifests.
*/
let
  inherit (builtins)
    attrNames
    concatStringsSep
    head
    removeAttrs
    trace
    ;
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  inherit (import ../objects/data.nix)
    join
    missing
    toBytes
    toTexts
    ;

  # The keys that the API server requires in a Secret of each type.
  wanted = {
    "kubernetes.io/tls" = [
      "tls.crt"
      "tls.key"
    ];
    "kubernetes.io/dockerconfigjson" = [ ".dockerconfigjson" ];
    "kubernetes.io/ssh-auth" = [ "ssh-privatekey" ];
  };
in
# name, namespace, labels, annotations, metadata, and the fields of Secret: immutable
{
  # key -> base64, as Kubernetes keeps it
  data ? { },
  # key -> text, or the path of a file
  stringData ? { },
  # "Opaque", or one of Kubernetes' types, such as "kubernetes.io/tls"
  type ? "Opaque",
  # whether everybody may know the values: there is no warning then
  plainText ? false,
  ...
}@args:
let
  builder = named "secret" args;
  bytes = toBytes builder "data" data;
  texts = toTexts builder "stringData" stringData;
  keys = attrNames (bytes // texts);
  lacking = missing (wanted.${type} or [ ]) (bytes // texts);
  secret = {
    apiVersion = "v1";
    kind = "Secret";
    metadata = toMetadata { inherit builder; } args;
    inherit type;
  }
  // removeAttrs (withoutMetadata args) [
    "data"
    "stringData"
    "plainText"
    "type"
  ]
  // join builder "data" bytes "stringData" texts;
in
if lacking != [ ] then
  throw "${builder}: stringData has no ${head lacking}, which type ${type} wants"
else if keys == [ ] || plainText then
  secret
else
  trace (
    "warning: ${builder}: ${concatStringsSep ", " keys} in plain text, "
    + "readable by all in the Nix store; expected a Secret made in the cluster, or plainText = true"
  ) secret
