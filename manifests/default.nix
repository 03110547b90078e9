/**
  The manifest builder of pushless: Kubernetes objects as Nix values. It needs Nix 2.8 or later, and nothing else.

  Every function is described in README.md, with an example that the tests evaluate.

  # Example

      inherit (import ./manifests { }) deployment service list;
*/
{
  # Nix system of the machine that writes the manifests' files. It decides nothing else about them
  system ? builtins.currentSystem or null,
  # the registry that images are pulled from: a host, with a port and a path if any
  registry ? "nix.internal",
  # "out": images are built with the manifests, or before. "drv": the registry builds them when they are pulled
  mode ? "out",
  # "tar" or "erofs": the layers of images that don't say it themselves. "erofs" needs nodes that mount EROFS layers
  layers ? "tar",
  # minor version of Kubernetes, whose schema all objects are checked against before they are written. null: no check
  kubernetes ? "1.37",
  # CustomResourceDefinitions in the cluster, or paths of their JSON files. Custom resources are checked against them,
  # and against those among the objects
  schemas ? [ ],
  # whether the registry serves packages (--serve-packages): a package as an image then makes no warning
  servePackages ? false,
}:
let
  imageRef = import ../nix/image-ref.nix;
  defaultLayers = layers;
  settings = {
    inherit servePackages;
    # Returns the reference of an image that is a derivation or a store path.
    imageRef =
      {
        image,
        layers ? defaultLayers,
      }:
      imageRef {
        inherit image registry layers;
        # A path in the store has no derivation here, so there is nothing to build.
        mode = if image ? drvPath then mode else "out";
      };
  };

  inherit (import ./check/objects.nix { inherit kubernetes schemas; }) checkObjects problemsOf;
  list = import ./output/list.nix { inherit system checkObjects; };

  makeApp = import ./app settings;
  rbac = import ./builders/rbac.nix;
  changes = import ./objects/extend.nix settings;
in
{
  inherit imageRef;

  # a whole application, in one call or from a JSON file
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

  # rights in the cluster
  serviceAccount = import ./builders/service-account.nix;
  inherit (rbac)
    role
    clusterRole
    roleBinding
    clusterRoleBinding
    ;

  # the cluster itself
  namespace = import ./builders/namespace.nix;
  horizontalPodAutoscaler = import ./builders/horizontal-pod-autoscaler.nix;
  podDisruptionBudget = import ./builders/pod-disruption-budget.nix;
  customResourceDefinition = import ./builders/custom-resource-definition.nix;

  # all other objects, and changes of objects
  object = import ./objects/object.nix;
  inherit (changes) extend override;

  # validate :: [object] -> [problem], one line each
  validate = problemsOf;

  # the registry in a cluster, and the set-up of its nodes
  inherit (import ./registry settings) registry nodeSetup registryImage;

  # catalogues: entries of which values become manifests
  catalogueEntry = import ./catalogue/catalogue-entry.nix;

  # files
  inherit list;
  mkManifests = import ./output/mk-manifests.nix {
    inherit
      system
      checkObjects
      list
      kubernetes
      ;
  };
  mkGitOps = import ./output/mk-git-ops.nix { inherit system checkObjects kubernetes; };
  joinManifests = import ./output/join-manifests.nix { inherit system; };
  fromScript = import ./output/from-script.nix {
    inherit system kubernetes schemas;
    inherit (settings) imageRef;
  };
  helmChart = import ./output/helm-chart.nix {
    inherit system kubernetes schemas;
    inherit (settings) imageRef;
  };
}
