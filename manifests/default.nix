# The manifest builder of pushless: Kubernetes objects as Nix values. Needs Nix 2.8 or later, and nothing else.
#
#   inherit (import ./manifests { }) deployment service list;
#
# Every function is described in README.md, with an example that the tests evaluate.
{
  # Nix system that writes the manifests' files: it decides nothing else about them
  system ? builtins.currentSystem or null,
  # where images are pulled from: host, port if any, and a path if any
  registry ? "nix.internal",
  # "out": images are built with the manifests, or before. "drv": the registry builds them when they are pulled
  mode ? "out",
}:
let
  imageRef = import ../nix/image-ref.nix;
  # The reference of an image that was given as a derivation or a store path.
  settings.imageRef =
    { image }:
    imageRef {
      inherit image registry;
      # There is nothing to build of what is in the store.
      mode = if image ? drvPath then mode else "out";
    };

  checkObjects = import ./check/objects.nix;

  makeApp = import ./app settings;
  rbac = import ./builders/rbac.nix;
  changes = import ./objects/extend.nix settings;
in
{
  inherit imageRef;

  # a whole application, in one call or from a JSON file: a list of objects
  app = makeApp "app";
  appFile = import ./app/file.nix {
    app = makeApp;
    system = if system != null then system else throw "appFile: system is unknown in pure evaluation";
  };

  # objects that have Pods
  pod = import ./builders/pod.nix settings;
  deployment = import ./builders/deployment.nix settings;
  statefulSet = import ./builders/stateful-set.nix settings;
  daemonSet = import ./builders/daemon-set.nix settings;
  job = import ./builders/job.nix settings;
  cronJob = import ./builders/cron-job.nix settings;

  # the network
  service = import ./builders/service.nix;
  ingress = import ./builders/ingress.nix;
  networkPolicy = import ./builders/network-policy.nix;

  # what Pods read and write
  configMap = import ./builders/config-map.nix;
  secret = import ./builders/secret.nix;
  persistentVolumeClaim = import ./builders/persistent-volume-claim.nix;

  # who may do what
  serviceAccount = import ./builders/service-account.nix;
  inherit (rbac)
    role
    clusterRole
    roleBinding
    clusterRoleBinding
    ;

  # the cluster
  namespace = import ./builders/namespace.nix;
  horizontalPodAutoscaler = import ./builders/horizontal-pod-autoscaler.nix;
  podDisruptionBudget = import ./builders/pod-disruption-budget.nix;
  customResourceDefinition = import ./builders/custom-resource-definition.nix;

  # everything else, and changes
  object = import ./objects/object.nix;
  inherit (changes) extend override;

  # files
  list = import ./output/list.nix { inherit system checkObjects; };
}
