# A ServiceAccount: who a Pod is to the API server.
let
  inherit (builtins) isString removeAttrs;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;

  builder = "serviceAccount";
in
# name, namespace, labels, annotations, metadata, and the fields of ServiceAccount
{
  # names of Secrets
  imagePullSecrets ? null,
  ...
}@args:
{
  apiVersion = "v1";
  kind = "ServiceAccount";
  metadata = toMetadata { inherit builder; } args;
}
// removeAttrs (withoutMetadata args) [ "imagePullSecrets" ]
// (
  if imagePullSecrets == null then
    { }
  else
    {
      imagePullSecrets = map (
        secret: if isString secret then { name = secret; } else secret
      ) imagePullSecrets;
    }
)
