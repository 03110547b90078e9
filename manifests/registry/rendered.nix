# The manifests that are checked in below rendered/, for people without Nix: file -> objects. `node
# scripts/render-registry.ts` writes them.
let
  inherit (import ../default.nix { system = null; }) namespace nodeSetup registry;
in
{
  # For any cluster: no node needs Nix.
  "cache.yaml" = registry { store = "cache"; };
  "daemon-set.yaml" = registry { };
  "deployment.yaml" = registry { kind = "Deployment"; };
  # For any cluster, with builds.
  "stateful-set.yaml" = registry { kind = "StatefulSet"; };
  # For nodes that run the registry as a service of their own, without a Pod.
  "node-setup.yaml" = [
    (namespace {
      name = "pushless";
      labels."pod-security.kubernetes.io/enforce" = "privileged";
    })
  ]
  ++ nodeSetup { };
}
