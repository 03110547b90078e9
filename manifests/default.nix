# The manifest builder of pushless. Needs Nix 2.8 or later, and nothing else.
#
#   inherit (import ./manifests { }) pod list;
{
  # Nix system that writes the manifests' files: it decides nothing else about them
  system ? builtins.currentSystem or null,
}:
{
  # pod { name = "greeter"; containers.greeter.image = greeter; } -> a Kubernetes object
  pod = import ./pod.nix;

  # list "greeter" [ (pod { ... }) ] -> the derivation of greeter.json
  list = import ./list.nix { inherit system; };

  # imageRef { image = greeter; } -> "nix.internal/nix/store/<hash>-greeter:nix"
  imageRef = import ../nix/image-ref.nix;
}
