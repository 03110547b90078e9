/**
  Returns the list of the registry's objects in a cluster. With store = "cache" it gets store paths from binary caches
  (./cache-registry.nix), with kind = "StatefulSet" from a Nix of its own (./own-registry.nix). Otherwise it serves
  the Nix store of the node that it runs on, through the Nix daemon of that node. So every node that it runs on must
  have Nix.

  kind = "DaemonSet": one Pod on every node, in the node's network and on its loopback. Each node pulls from its own
  store, without the network, and no other machine reaches the registry. There is no Service, NetworkPolicy or
  PodDisruptionBudget. These mean nothing for Pods in the node's network, and for Pods that a drain leaves in place.

  kind = "Deployment": one for the cluster, on a node that has Nix, behind a NodePort.

  These settings differ from the defaults of `pushless serve`:

  - builds are off, also on loopback: kubelet is on loopback too, and pulls for everybody who may make a Pod.
  - Nix is only the daemon's socket: there is no Nix in the image.
  - the state directory (at least its `roots`) is the node's, under the same path. The links in it keep images from
    the garbage collector, which follows them by that path, outside of the container.
  - the image mustn't need anything below /nix/store, where it sees the node's: see ./image.nix.
  - the grace for SIGTERM ends before Kubernetes' grace does.
*/
{
  cacheRegistry,
  daemonSet,
  deployment,
  namespace,
  nodeSetup,
  ownRegistry,
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
  serviceNames = import ./service-names.nix;
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

  checkNodePort =
    port:
    if port'.isNodePort port then port else refuse builder "nodePort" port "a port from 30000 to 32767";

  checkPath =
    field: path:
    if isString path && match "(/[A-Za-z0-9._-]+)+" path != null then
      path
    else
      refuse builder field path "an absolute path";

  # Arguments that mean nothing for a DaemonSet.
  forDeployment = [
    "replicas"
    "nodePort"
    "clients"
    "storage"
    "storageClassName"
  ];

  registry =
    {
      # "daemon": the Nix daemon of the node. "cache": binary caches, with the arguments of ./cache-registry.nix. "own":
      # a Nix of its own, with those of ./own-registry.nix
      store ? if kind == "StatefulSet" then "own" else "daemon",
      # "DaemonSet" or "Deployment"; "StatefulSet" with a Nix of its own
      kind ? if args.store or null == "own" then "StatefulSet" else "DaemonSet",
      # an image whose program needs nothing below /nix/store, as `registryImage` makes it, or a reference
      image ? import ./placeholder.nix,
      # name of a Secret of type kubernetes.io/dockerconfigjson, for a registry of images that wants credentials
      imagePullSecret ? null,
      # name of all objects
      name ? "pushless",
      # namespace. null: kubectl uses its own, and no Namespace is made
      namespace ? "pushless",
      # port that the registry listens on: a DaemonSet on the node's loopback, a Deployment in its Pods
      port ? 5000,
      # settings of `pushless serve`, by their names without dashes: { hold = 25; keep = 30; }
      settings ? { },
      # whether the registry may build what Nix only knows how to build. Everybody who may make a Pod can then start
      # builds
      allowBuilds ? false,
      # name of a Secret of type kubernetes.io/tls. null: HTTP without TLS
      tlsSecret ? null,
      # name of a Secret whose key `token` is the token for requests that change something
      tokenSecret ? null,
      # name of a Secret whose key `auth.yaml` says who may pull
      authSecret ? null,
      # path of the state directory, on the node and in the container
      state ? "/var/lib/pushless",
      # number of the user and of the group. allowed-users in nix.conf must include it, if that isn't "*"
      uid ? if zeroCopy then 0 else 65532,
      # DaemonSet: whether the store paths of images are mounted into containers, and not pulled. The runtime must have
      # NRI, and the registry's Pods are of root then, without capabilities: docs/zero-copy.md
      zeroCopy ? false,
      # labels of the nodes that the registry may run on, which have Nix
      nodeSelector ?
        if kind == "Deployment" then
          { "nix.internal/store" = "true"; }
        else
          { "kubernetes.io/os" = "linux"; },
      # tolerations of the Pods. A DaemonSet also runs on reserved nodes, since they pull images too
      tolerations ? if kind == "Deployment" then [ ] else [ { operator = "Exists"; } ],
      priorityClassName ? null,
      # compute resources. The figures for memory are in docs/benchmarks.md
      resources ? {
        requests = {
          cpu = "100m";
          memory = "180Mi";
        };
        limits.memory = "256Mi";
      },
      # the set-up of nodes: further arguments of `nodeSetup`. null: there is none
      nodes ? { },
      # Deployment: number of Pods, all on the node that has the volume
      replicas ? 1,
      # Deployment: port on which every node answers
      nodePort ? 30500,
      # Deployment: addresses (CIDR) of the nodes, which may pull. null: everybody who reaches the port may
      clients ? null,
      # Deployment: size of the volume for the state. null: the state is on the node, as for a DaemonSet
      storage ? "12Gi",
      # Deployment: class of that volume. null: the cluster's default
      storageClassName ? null,
      ...
    }@args:
    let
      isDeployment = kind == "Deployment";
      misplaced = if isDeployment then [ ] else filter (key: args ? ${key}) forDeployment;
      # The state of a DaemonSet is on the node.
      claim = if isDeployment && storage != null then name else null;
      common = {
        inherit namespace name;
      };
      pod = toPod {
        inherit
          builder
          image
          imagePullSecret
          name
          settings
          allowBuilds
          tlsSecret
          tokenSecret
          authSecret
          uid
          resources
          zeroCopy
          ;
        port = checkPort "port" port;
        state = checkPath "state" state;
        isOnNode = !isDeployment;
        inherit claim;
        hosts = if isDeployment then serviceNames common else [ ];
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
              # Pulls go on while one Pod replaces the other, and both may share a state directory.
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
      scheme = if tlsSecret == null then "http" else "https";
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
    if store == "cache" then
      # Most arguments of one mean nothing for the other.
      cacheRegistry args
    else if store == "own" || kind == "StatefulSet" then
      ownRegistry args
    else if store != "daemon" then
      refuse builder "store" store ''"daemon", "own" or "cache"''
    else if !elem kind kinds then
      refuse builder "kind" kind ''"DaemonSet", "Deployment" or "StatefulSet"''
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
                # Pods that mount directories of their node are "privileged" in the Pod Security Standards.
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
                inherit image imagePullSecret namespace;
                name = "${name}-node-setup";
                url =
                  if isDeployment then
                    "${scheme}://$(NODE_IP):${toString nodePort}"
                  else
                    "${scheme}://127.0.0.1:${toString port}";
              }
              // nodes
            )
        )
      );
in
registry
