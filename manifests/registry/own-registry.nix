/**
  Returns the list of the objects of a registry with a Nix of its own (../../docs/install.md): a StatefulSet of one Pod,
  whose /nix is on a volume. It fetches from binary caches and builds what they don't have, so no node needs Nix. It
  needs no root and no privilege.

  Builds run in Nix's sandbox. For that the Pod has a user namespace (hostUsers), a /proc without masks (procMount),
  and no filter of system calls, since the filters of container runtimes forbid namespaces. A Pod with a /proc like
  that is "privileged" in the Pod Security Standards, whatever else it may do. Where the cluster can't do that, or with
  sandbox = false, the registry finds no sandbox and says so in its log. Then only remote builders build, or nobody,
  unless allowUnsandboxedBuilds is set.
*/
{ statefulSet, ... }@builders:
let
  inherit (builtins)
    attrNames
    functionArgs
    isBool
    isString
    seq
    ;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;
  port' = import ../../nix/port.nix;
  words = import ./words.nix;
  serviceNames = import ./service-names.nix;
  toFiles = import ./pod-files.nix;
  toPod = import ./service-pod.nix;
  toObjects = import ./service-registry.nix builders;

  builder = "registry";
  state = "/var/lib/pushless";

  onlyIf = condition: value: if condition then value else { };

  checkBool =
    field: value: if isBool value then value else refuse builder field value "true or false";

  ownRegistry =
    {
      # "own": this builder
      store ? "own",
      # "StatefulSet"
      kind ? "StatefulSet",
      # the registry's own image with Nix, or a reference
      image ? import ./placeholder.nix,
      # name of a Secret of type kubernetes.io/dockerconfigjson, for a registry of images that wants credentials
      imagePullSecret ? null,
      # name of all objects
      name ? "pushless",
      # namespace. null: kubectl uses its own, and no Namespace is made
      namespace ? "pushless",
      # port that the registry listens on in its Pod
      port ? 5000,
      # settings of `pushless serve`, by their names without dashes
      settings ? { },
      # whether the registry may build what no cache has. Everybody who may pull can then start builds
      allowBuilds ? true,
      # whether the Pod may make the namespaces that a sandbox needs
      sandbox ? true,
      # whether builds may do without a sandbox where there is none. They can then read the registry's Secrets
      allowUnsandboxedBuilds ? false,
      # binary caches: a list of URLs
      caches ? [ "https://cache.nixos.org" ],
      # public keys of which one must have signed each path
      trustedKeys ? [ "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=" ],
      # further lines of nix.conf, in one string
      nixConfig ? "",
      # name of a Secret whose key `netrc` has credentials for caches
      netrcSecret ? null,
      # name of a ConfigMap whose key `ca.crt` has certificates of authorities that caches may have
      cacheAuthority ? null,
      # name of a Secret whose key `machines` lists remote builders. Its other keys are their files, below
      # /run/secrets/pushless-builders
      buildersSecret ? null,
      # annotations of the ServiceAccount, for clouds that give it a role
      serviceAccountAnnotations ? { },
      # name of a Secret of type kubernetes.io/tls. null: HTTP without TLS
      tlsSecret ? null,
      # name of a Secret whose key `token` is the token for requests that change something
      tokenSecret ? null,
      # name of a Secret whose key `auth.yaml` says who may pull
      authSecret ? null,
      # sizes of the volumes: of /nix, and of the state
      storage ? {
        nix = "50Gi";
        state = "12Gi";
      },
      # class of both volumes. null: the cluster's default
      storageClassName ? null,
      # number of the user and of the group. The image has an account for this one
      uid ? 65532,
      nodeSelector ? {
        "kubernetes.io/os" = "linux";
      },
      tolerations ? [ ],
      priorityClassName ? null,
      # compute resources of the Pod, which builds run in
      resources ? {
        requests = {
          cpu = "500m";
          memory = "1Gi";
        };
        limits.memory = "4Gi";
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
      isSandboxed = checkBool "sandbox" sandbox;
      pod = toPod {
        inherit
          builder
          image
          imagePullSecret
          name
          settings
          resources
          uid
          ;
        port = if port'.isNumber port then port else refuse builder "port" port "a port from 1 to 65535";
        own = {
          inherit state;
          store = "own";
          allow-builds = checkBool "allowBuilds" allowBuilds;
          caches = words builder "caches" caches;
          trusted-keys = words builder "trustedKeys" trustedKeys;
        }
        // onlyIf (checkBool "allowUnsandboxedBuilds" allowUnsandboxedBuilds) {
          allow-unsandboxed-builds = true;
        };
        reserved = [ "allow-unsandboxed-builds" ];
        files = toFiles {
          auth = authSecret;
          builders = buildersSecret;
          cache-ca = cacheAuthority;
          netrc = netrcSecret;
          tls = tlsSecret;
          token = tokenSecret;
        };
        isTls = tlsSecret != null;
        hasAuth = authSecret != null;
        volumeMounts = {
          "/nix" = "nix";
          ${state} = "state";
        };
        # Builds without a sandbox have their directories there.
        volumes.tmp.emptyDir.sizeLimit = "4Gi";
        spread = [ ];
        hosts = serviceNames common;
        env = onlyIf (nixConfig != "") {
          NIX_CONFIG =
            if isString nixConfig then nixConfig else refuse builder "nixConfig" nixConfig "a string";
        };
        podFields = onlyIf isSandboxed { hostUsers = false; };
        podSecurity = onlyIf isSandboxed { seccompProfile.type = "Unconfined"; };
        containerSecurity = onlyIf isSandboxed { procMount = "Unmasked"; };
      };
      claim =
        size:
        {
          accessModes = [ "ReadWriteOnce" ];
          storage = size;
        }
        // (if storageClassName == null then { } else { inherit storageClassName; });
      workload = statefulSet (
        common
        // pod
        // {
          inherit nodeSelector tolerations;
          replicas = 1;
          volumeClaimTemplates = {
            nix = claim storage.nix;
            state = claim storage.state;
          };
        }
        // (if priorityClassName == null then { } else { inherit priorityClassName; })
      );
    in
    if kind != "StatefulSet" then
      refuse builder "kind" kind ''"StatefulSet", since store is "own"''
    else if store != "own" then
      refuse builder "store" store ''"own", since kind is "StatefulSet"''
    else if !(isString (storage.nix or null) && isString (storage.state or null)) then
      refuse builder "storage" storage ''{ nix = "50Gi"; state = "12Gi"; }''
    else
      seq (onlyKnown builder "argument" (attrNames (functionArgs ownRegistry)) args) (toObjects {
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
          nodes
          ;
        level = if isSandboxed then "privileged" else "restricted";
        isTls = tlsSecret != null;
        # A drain of its node must end.
        disruptionBudget.maxUnavailable = 1;
      });
in
ownRegistry
