/**
  The registry itself in a cluster, made with this library's own builders. Its documentation is ../../docs/cluster.md.
*/
settings:
let
  builders = {
    configMap = import ../builders/config-map.nix;
    daemonSet = import ../builders/daemon-set.nix settings;
    deployment = import ../builders/deployment.nix settings;
    horizontalPodAutoscaler = import ../builders/horizontal-pod-autoscaler.nix;
    namespace = import ../builders/namespace.nix;
    networkPolicy = import ../builders/network-policy.nix;
    persistentVolumeClaim = import ../builders/persistent-volume-claim.nix;
    podDisruptionBudget = import ../builders/pod-disruption-budget.nix;
    service = import ../builders/service.nix;
    serviceAccount = import ../builders/service-account.nix;
    statefulSet = import ../builders/stateful-set.nix settings;
  };
  nodeSetup = import ./node-setup.nix builders;
  cacheRegistry = import ./cache-registry.nix (builders // { inherit nodeSetup; });
  ownRegistry = import ./own-registry.nix (builders // { inherit nodeSetup; });
in
{
  inherit nodeSetup;
  registry = import ./registry.nix (builders // { inherit cacheRegistry nodeSetup ownRegistry; });
  registryImage = import ./image.nix;
}
