# What is checked in below rendered/, for those without Nix: file -> objects. `node scripts/render-registry.ts` writes
# it.
let
  inherit (import ../default.nix { system = null; }) namespace nodeSetup registry;
in
{
  "daemon-set.yaml" = registry { };
  "deployment.yaml" = registry { kind = "Deployment"; };
  # For nodes whose registry is a service of theirs, without a Pod.
  "node-setup.yaml" = [
    (namespace {
      name = "pushless";
      labels."pod-security.kubernetes.io/enforce" = "privileged";
    })
  ]
  ++ nodeSetup { };
}
