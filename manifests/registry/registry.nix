# The registry in a cluster: `registry { ... }` is the list of its objects. It serves the Nix store of the node that it
# runs on, through that node's Nix daemon, and so every node that it runs on must have Nix.
#
# kind = "DaemonSet": one on every node, in the node's network and on its loopback. Each node pulls from its own store,
# the network has no part in it, and nobody elsewhere reaches it. No Service, NetworkPolicy or PodDisruptionBudget: they
# mean nothing for Pods in the node's network, and for Pods that drains leave where they are.
#
# kind = "Deployment": one for the cluster, on a node that has Nix, behind a NodePort.
#
# What is unlike the defaults of `pushless serve`, and why:
# - builds are off, also on loopback: kubelet is on loopback too, and pulls for whoever may make a Pod.
# - Nix is the daemon's socket and nothing else: there is no Nix in the image.
# - the state directory (its `roots` at least) is the node's, under the same path: the links in it are what keeps images
#   from the garbage collector, which follows them by that path, outside of the container.
# - the image mustn't need anything below /nix/store, where it sees the node's: see ./image.nix.
# - the grace for SIGTERM ends before Kubernetes' does.
{
  daemonSet,
  deployment,
  namespace,
  nodeSetup,
  serviceAccount,
  ...
}@builders:
let
  inherit (builtins)
    attrNames
    elem
    filter
    functionArgs
    head
    isString
    match
    seq
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;
  port' = import ../../nix/port.nix;
  toPod = import ./pod.nix;
  behindNodePort = import ./node-port.nix builders;

  builder = "registry";

  kinds = [
    "DaemonSet"
    "Deployment"
  ];

  checkPort =
    field: port:
    if port'.isNumber port then port else refuse builder field port "a port from 1 to 65535";

  # --service-node-port-range, where nothing else is said.
  checkNodePort =
    port:
    if port'.isNumber port && port >= 30000 && port <= 32767 then
      port
    else
      refuse builder "nodePort" port "a port from 30000 to 32767";

  checkPath =
    field: path:
    if isString path && match "(/[A-Za-z0-9._-]+)+" path != null then
      path
    else
      refuse builder field path "an absolute path";

  # Arguments that say nothing of a DaemonSet.
  forDeployment = [
    "replicas"
    "nodePort"
    "clients"
    "storage"
    "storageClassName"
  ];

  registry =
    {
      # "DaemonSet" or "Deployment"
      kind ? "DaemonSet",
      # an image whose program needs nothing below /nix/store, as `registryImage` makes one; or a reference
      image ? import ./placeholder.nix,
      # of all objects
      name ? "pushless",
      # null: kubectl's own, and none is made
      namespace ? "pushless",
      # where it listens: a DaemonSet on the node's loopback, a Deployment in its Pods
      port ? 5000,
      # settings of `pushless serve`, by their names without dashes in front: { hold = 25; keep = 30; }
      settings ? { },
      # whether what Nix only knows how to build may be built. Whoever may make a Pod may then have it built
      allowBuilds ? false,
      # name of a Secret with the token for what changes something as its `token`
      tokenSecret ? null,
      # what the state directory is called, on the node and in the container
      state ? "/var/lib/pushless",
      # number of the user and of the group; nix.conf's allowed-users must allow it, if that isn't "*"
      uid ? 65532,
      # labels of the nodes that it may run on, which have Nix
      nodeSelector ?
        if kind == "Deployment" then
          { "nix.internal/store" = "true"; }
        else
          { "kubernetes.io/os" = "linux"; },
      # a node that is reserved for something pulls images, too
      tolerations ? if kind == "Deployment" then [ ] else [ { operator = "Exists"; } ],
      priorityClassName ? null,
      # compute resources; memory by the figures of docs/benchmarks.md
      resources ? {
        requests = {
          cpu = "100m";
          memory = "180Mi";
        };
        limits.memory = "256Mi";
      },
      # the set-up of nodes: arguments of `nodeSetup` that aren't said here. null: none
      nodes ? { },
      # Deployment: how many, all on the node that has the volume
      replicas ? 1,
      # Deployment: the port that every node answers on
      nodePort ? 30500,
      # Deployment: addresses (CIDR) that may pull, those of the nodes. null: all that reach the port
      clients ? null,
      # Deployment: size of the volume for the state. null: it is on the node as a whole, as a DaemonSet's is
      storage ? "12Gi",
      # Deployment: null is the cluster's default
      storageClassName ? null,
      ...
    }@args:
    let
      isDeployment = kind == "Deployment";
      misplaced = if isDeployment then [ ] else filter (key: args ? ${key}) forDeployment;
      # A DaemonSet's is the node's.
      claim = if isDeployment && storage != null then name else null;
      # What the Service is called in the cluster.
      serviceNames = [
        name
      ]
      ++ (
        if namespace == null then
          [ ]
        else
          [
            "${name}.${namespace}"
            "${name}.${namespace}.svc"
            "${name}.${namespace}.svc.cluster.local"
          ]
      );
      common = {
        inherit namespace name;
      };
      pod = toPod {
        inherit
          builder
          image
          name
          settings
          allowBuilds
          tokenSecret
          uid
          resources
          ;
        port = checkPort "port" port;
        state = checkPath "state" state;
        isOnNode = !isDeployment;
        inherit claim;
        # A Host that the registry doesn't know is refused.
        hosts = if isDeployment then serviceNames else [ ];
      };
      placement = {
        inherit nodeSelector tolerations;
      }
      // (if priorityClassName == null then { } else { inherit priorityClassName; });
      workload =
        if isDeployment then
          deployment (
            common
            // pod
            // placement
            // {
              inherit replicas;
              # Pulls go on while one replaces the other; two may share a state directory.
              strategy = {
                type = "RollingUpdate";
                rollingUpdate = {
                  maxSurge = 1;
                  maxUnavailable = 0;
                };
              };
            }
          )
        else
          daemonSet (common // pod // placement);
      behind = behindNodePort {
        inherit
          common
          workload
          claim
          clients
          storage
          storageClassName
          ;
        port = checkPort "port" port;
        nodePort = checkNodePort nodePort;
      };
    in
    if !elem kind kinds then
      refuse builder "kind" kind ''"DaemonSet" or "Deployment"''
    else if nodes != null && !isPlainSet nodes then
      refuse builder "nodes" nodes "an attribute set, or null for no set-up of nodes"
    else if misplaced != [ ] then
      throw "${builder}: ${head misplaced} is given, expected it with kind = \"Deployment\" alone"
    else
      seq (onlyKnown builder "argument" (attrNames (functionArgs registry)) args) (
        (
          if namespace == null then
            [ ]
          else
            [
              (builders.namespace {
                name = namespace;
                # Pods that see directories of their node are "privileged" in the Pod Security Standards.
                labels."pod-security.kubernetes.io/enforce" = "privileged";
              })
            ]
        )
        ++ [
          (serviceAccount (common // { automountServiceAccountToken = false; }))
          workload
        ]
        ++ (if isDeployment then behind else [ ])
        ++ (
          if nodes == null then
            [ ]
          else
            nodeSetup (
              {
                inherit image namespace;
                name = "${name}-node-setup";
                url =
                  if isDeployment then
                    "http://$(NODE_IP):${toString nodePort}"
                  else
                    "http://127.0.0.1:${toString port}";
              }
              // nodes
            )
        )
      );
in
registry
