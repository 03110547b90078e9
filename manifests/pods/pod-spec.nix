# The `spec` of a Pod, from arguments that are its fields. Those that are lists by name may be attribute sets; all that
# has no name here passes through.
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
    # The API server takes them of `kubectl debug` alone.
    ephemeralContainers =
      builder: field: _:
      throw "${builder}: ${field} isn't an argument, expected `kubectl debug` on a Pod that runs";
  };
in
{
  # who refuses
  builder,
  # names of volumes that the Pods get from elsewhere: a StatefulSet's claims
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
