/**
  Returns the list of the objects of a registry that gets store paths from binary caches (../../docs/cache-store.md). It
  runs on any cluster: no node needs Nix, and its Pods need nothing of their node. Every Pod answers every request, so
  there may be any number of them, and each fills its own store.

  Nodes pull from a port that every node has, or from the Service by a name of yours. The set-up of nodes needs rights
  that the registry doesn't have, so its objects are in a namespace of their own.
*/
{ deployment, horizontalPodAutoscaler, ... }@builders:
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
  words = import ./words.nix;
  serviceNames = import ./service-names.nix;
  toFiles = import ./pod-files.nix;
  toPod = import ./service-pod.nix;
  toObjects = import ./service-registry.nix builders;

  builder = "registry";
  state = "/var/lib/pushless";

  # Archives of layers are unpacked beside the store (--cache-size), and layers are kept as zstd (--encoded-size).
  # Both are in megabytes.
  defaultCacheSize = 10000;
  defaultEncodedSize = 1000;

  onlyIf = condition: value: if condition then value else { };

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
      pod = toPod {
        inherit
          builder
          image
          imagePullSecret
          name
          settings
          spread
          resources
          uid
          ;
        port = if port'.isNumber port then port else refuse builder "port" port "a port from 1 to 65535";
        own = {
          inherit state;
          store = "cache";
          store-size =
            if isInt storeSize && storeSize > 0 then
              storeSize
            else
              refuse builder "storeSize" storeSize "a number of megabytes";
        }
        // onlyIf (caches != null) { caches = words builder "caches" caches; }
        // onlyIf (trustedKeys != null) { trusted-keys = words builder "trustedKeys" trustedKeys; };
        reserved = [
          "caches"
          "trusted-keys"
        ];
        files = toFiles {
          auth = authSecret;
          cache-ca = cacheAuthority;
          netrc = netrcSecret;
          tls = tlsSecret;
          token = tokenSecret;
        };
        isTls = tlsSecret != null;
        hasAuth = authSecret != null;
        volumeMounts.${state} = "state";
        # The store is filled again from the caches. Small files take more on disk than in archives, whose bytes
        # storeSize counts.
        volumes.state.emptyDir.sizeLimit =
          let
            cacheSize = settings.cache-size or defaultCacheSize;
            encodedSize = settings.encoded-size or defaultEncodedSize;
          in
          "${toString (storeSize * 3 / 2 + cacheSize + encodedSize + 1000)}M";
        hosts = serviceNames common;
        containerFields = onlyIf (s3Secret != null) {
          envFrom = [ { secretRef.name = s3Secret; } ];
        };
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
    in
    if kind != "Deployment" then
      refuse builder "kind" kind ''"Deployment", since store is "cache"''
    else if replicas != null && !(isInt replicas && replicas >= 0) then
      refuse builder "replicas" replicas "a number from 0 on"
    else if replicas != null && scaling != null then
      throw "${builder}: replicas is given beside autoscaling, expected one of them"
    else
      seq (onlyKnown builder "argument" (attrNames (functionArgs cacheRegistry)) args) (toObjects {
        inherit
          builder
          common
          image
          imagePullSecret
          workload
          serviceAccountAnnotations
          port
          nodePort
          networkPolicy
          clients
          disruptionBudget
          nodes
          ;
        # Its Pods need nothing of their node.
        level = "restricted";
        isTls = tlsSecret != null;
        objects =
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
            ];
      });
in
cacheRegistry
