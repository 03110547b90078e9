/**
  Returns a ServiceAccount: the identity of a Pod for the API server.
*/
let
  inherit (builtins) removeAttrs;
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  toPullSecrets = import ../pods/pull-secrets.nix;
in
# name, namespace, labels, annotations, metadata, and the fields of ServiceAccount
{
  # names of Secrets
  imagePullSecrets ? null,
  ...
}@args:
let
  builder = named "serviceAccount" args;
in
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
    { imagePullSecrets = toPullSecrets builder "imagePullSecrets" imagePullSecrets; }
)
