/**
  Returns the list of the objects of a registry that gets store paths from binary caches (../../docs/cache-store.md). It
  runs on any cluster: no node needs Nix, and its Pods need nothing of their node. Every Pod answers every request, so
  there may be any number of them, and each fills its own store.

  Nodes pull from a port that every node has, or from the Service by a name of yours. The set-up of nodes needs rights
  that the registry doesn't have, so its objects are in a namespace of their own.
*/
{
  deployment,
  horizontalPodAutoscaler,
  namespace,
  nodeSetup,
  serviceAccount,
  ...
}@builders:
let
  inherit (builtins)
    attrNames
    functionArgs
    isInt
    removeAttrs
    seq
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;
  port' = import ../../nix/port.nix;
  toPod = import ./cache-pod.nix;
  behindService = import ./node-port.nix builders;

  builder = "registry";

  # The default of --service-node-port-range.
  checkNodePort =
    port:
    if port == null || (port'.isNumber port && port >= 30000 && port <= 32767) then
      port
    else
      refuse builder "nodePort" port "a port from 30000 to 32767, or null for none";

  checkAutoscaling =
    given:
    if given == null || isPlainSet given then
      given
    else
      refuse builder "autoscaling" given "{ min = 2; max = 10; cpu = 80; }, or null";

  cacheRegistry =
    {
      # "cache": this builder
      store ? "cache",
      # "Deployment"
      kind ? "Deployment",
      # the registry's own image, or a reference
      image ? import ./placeholder.nix,
      # name of a Secret of type kubernetes.io/dockerconfigjson, for a registry of images that wants credentials
      imagePullSecret ? null,
      # name of all objects
      name ? "pushless",
      # namespace. null: kubectl uses its own, and no Namespace is made
      namespace ? "pushless",
      # port that the registry listens on in its Pods
      port ? 5000,
      # settings of `pushless serve`, by their names without dashes
      settings ? { },
      # binary caches: a list of URLs, of https:// and s3://
      caches ? [ "https://cache.nixos.org" ],
      # public keys of which one must have signed each path
      trustedKeys ? [ "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=" ],
      # megabytes that the paths may have together in each Pod, counted as archives
      storeSize ? 20000,
      # name of a Secret whose key `netrc` has credentials for caches
      netrcSecret ? null,
      # name of a Secret whose keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
      s3Secret ? null,
      # name of a ConfigMap whose key `ca.crt` has certificates of authorities that caches may have
      cacheAuthority ? null,
      # annotations of the ServiceAccount, for clouds that give it a role
      serviceAccountAnnotations ? { },
      # name of a Secret of type kubernetes.io/tls. null: HTTP without TLS
      tlsSecret ? null,
      # name of a Secret whose key `token` is the token for requests that change something
      tokenSecret ? null,
      # name of a Secret whose key `auth.yaml` says who may pull
      authSecret ? null,
      # number of Pods. null: the autoscaler decides
      replicas ? null,
      # how many Pods there are, and the load that adds one, in percent of requested processor time
      autoscaling ?
        if replicas == null then
          {
            min = 2;
            max = 10;
            cpu = 80;
          }
        else
          null,
      # labels of nodes. Pods are spread evenly over the values of each
      spread ? [
        "kubernetes.io/hostname"
        "topology.kubernetes.io/zone"
      ],
      # fields of the PodDisruptionBudget. null: there is none
      disruptionBudget ? {
        maxUnavailable = 1;
      },
      # number of the user and of the group
      uid ? 65532,
      nodeSelector ? {
        "kubernetes.io/os" = "linux";
      },
      tolerations ? [ ],
      priorityClassName ? null,
      # compute resources of each Pod
      resources ? {
        requests = {
          cpu = "250m";
          memory = "256Mi";
        };
        limits.memory = "512Mi";
      },
      # port on which every node answers. null: the Service has an address in the cluster alone
      nodePort ? 30500,
      # whether there is a NetworkPolicy. It lets nobody in but `clients`
      networkPolicy ? true,
      # addresses (CIDR) of the nodes, which may pull. null: everybody who reaches the port may
      clients ? null,
      # the set-up of nodes: further arguments of `nodeSetup`. null: there is none
      nodes ? null,
      ...
    }@args:
    let
      common = {
        inherit namespace name;
      };
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
      pod = toPod {
        inherit
          builder
          image
          imagePullSecret
          name
          settings
          caches
          trustedKeys
          storeSize
          netrcSecret
          s3Secret
          cacheAuthority
          tlsSecret
          tokenSecret
          authSecret
          spread
          resources
          uid
          ;
        port = if port'.isNumber port then port else refuse builder "port" port "a port from 1 to 65535";
        hosts = serviceNames;
      };
      scaling = checkAutoscaling autoscaling;
      count = if replicas == null then 1 else replicas;
      workload = deployment (
        common
        // pod
        // {
          inherit nodeSelector tolerations;
          # Pulls go on while one Pod replaces another.
          strategy = {
            type = "RollingUpdate";
            rollingUpdate = {
              maxSurge = 1;
              maxUnavailable = 0;
            };
          };
        }
        // (if priorityClassName == null then { } else { inherit priorityClassName; })
        // (if scaling == null then { replicas = count; } else { })
      );
      scheme = if tlsSecret == null then "http" else "https";
      setup =
        if nodes == null then
          [ ]
        else
          nodeSetup (
            {
              inherit image imagePullSecret;
              namespace = if namespace == null then null else "${namespace}-node-setup";
              name = "${name}-node-setup";
            }
            // (if nodePort == null then { } else { url = "${scheme}://$(NODE_IP):${toString nodePort}"; })
            // nodes
          );
      namespaceFor =
        level: given:
        if namespace == null then
          [ ]
        else
          [
            (builders.namespace {
              name = given;
              labels."pod-security.kubernetes.io/enforce" = level;
            })
          ];
    in
    if kind != "Deployment" then
      refuse builder "kind" kind ''"Deployment", since store is "cache"''
    else if replicas != null && !(isInt replicas && replicas >= 0) then
      refuse builder "replicas" replicas "a number from 0 on"
    else if replicas != null && scaling != null then
      throw "${builder}: replicas is given beside autoscaling, expected one of them"
    else if disruptionBudget != null && !isPlainSet disruptionBudget then
      refuse builder "disruptionBudget" disruptionBudget "{ maxUnavailable = 1; }, or null for none"
    else if nodes != null && !isPlainSet nodes then
      refuse builder "nodes" nodes "an attribute set, or null for no set-up of nodes"
    else
      seq (onlyKnown builder "argument" (attrNames (functionArgs cacheRegistry)) args) (
        namespaceFor "restricted" namespace
        ++ [
          (serviceAccount (
            common
            // {
              automountServiceAccountToken = false;
            }
            // (if serviceAccountAnnotations == { } then { } else { annotations = serviceAccountAnnotations; })
          ))
          workload
        ]
        ++ behindService {
          inherit
            common
            workload
            port
            clients
            disruptionBudget
            ;
          nodePort = checkNodePort nodePort;
          isProtected = networkPolicy;
          egress = null;
          claim = null;
          storage = null;
          storageClassName = null;
        }
        ++ (
          if scaling == null then
            [ ]
          else
            [
              (horizontalPodAutoscaler (
                common
                // {
                  for = workload;
                  minReplicas = scaling.min or 2;
                  maxReplicas = scaling.max or 10;
                }
                // removeAttrs scaling [
                  "min"
                  "max"
                ]
              ))
            ]
        )
        ++ (
          if nodes == null then [ ] else namespaceFor "privileged" "${toString namespace}-node-setup" ++ setup
        )
      );
in
cacheRegistry
