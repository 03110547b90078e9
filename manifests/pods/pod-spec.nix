/**
  Returns the `spec` of a Pod, from arguments that are its fields. Lists by name may be attribute sets. A field
  without a name here stays as it is.
*/
settings:
let
  inherit (builtins) mapAttrs;
  inherit (import ../objects/choice.nix) choice;
  checkPod = import ./pod-check.nix;
  checkPlatforms = import ./platform.nix;
  toContainers = import ./container.nix settings;
  toPullSecrets = import ./pull-secrets.nix;

  parsers = {
    containers = toContainers;
    initContainers = toContainers;
    volumes = import ./volumes.nix settings;
    imagePullSecrets = toPullSecrets;
    dnsPolicy =
      builder: field:
      choice builder field [
        "ClusterFirst"
        "ClusterFirstWithHostNet"
        "Default"
        "None"
      ];
    restartPolicy = import ./restart-policy.nix;
    # The API server accepts them only from `kubectl debug`.
    ephemeralContainers =
      builder: field: _:
      throw "${builder}: ${field} isn't an argument, expected `kubectl debug` on a Pod that runs";
  };
in
{
  # the builder that refuses
  builder,
  # names of volumes from elsewhere: the claims of a StatefulSet
  claims ? [ ],
}:
args:
let
  spec = {
    containers = [ ];
  }
  // mapAttrs (key: value: if parsers ? ${key} then parsers.${key} builder key value else value) args;
in
if spec.containers == [ ] then
  throw "${builder}: containers is empty, expected at least one container"
else
  checkPlatforms builder args (checkPod builder claims spec)
