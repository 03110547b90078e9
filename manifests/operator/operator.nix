/**
  Returns the operator: a Deployment of the registry's own image, and the rights that it needs everywhere. Rights in the
  namespaces of profiles are those of `operatorAccess`.
*/
{
  clusterRole,
  clusterRoleBinding,
  deployment,
  namespace,
  podDisruptionBudget,
  role,
  roleBinding,
  serviceAccount,
  ...
}@builders:
let
  inherit (builtins) isInt;
  inherit (import ../../nix/refuse.nix) refuse;
  toEnvironment = import ../registry/pod-environment.nix;
  toFiles = import ../registry/pod-files.nix;
  builder = "operator";
  onlyIf = condition: value: if condition then value else { };
  group = "pushless.internal";

  clusterRules = [
    {
      apiGroups = [ group ];
      resources = [
        "deliveryprofiles"
        "deliverysets"
      ];
      verbs = [
        "get"
        "list"
        "watch"
        "patch"
      ];
    }
    # The profiles of DeliverySets.
    {
      apiGroups = [ group ];
      resources = [ "deliveryprofiles" ];
      verbs = [
        "create"
        "delete"
      ];
    }
    {
      apiGroups = [ group ];
      resources = [
        "deliveryprofiles/status"
        "deliverysets/status"
      ];
      verbs = [ "patch" ];
    }
    # An owner that blocks its own deletion (admission, OwnerReferencesPermissionEnforcement).
    {
      apiGroups = [ group ];
      resources = [
        "deliveryprofiles/finalizers"
        "deliverysets/finalizers"
      ];
      verbs = [ "update" ];
    }
    {
      resources = [ "events" ];
      apiGroups = [ "events.k8s.io" ];
      verbs = [ "create" ];
    }
    # Whether a namespace is being removed, and the identity of the cluster.
    {
      resources = [ "namespaces" ];
      verbs = [ "get" ];
    }
    # Whether the kind of the profiles is being removed.
    {
      resources = [ "customresourcedefinitions" ];
      resourceNames = [ "deliveryprofiles.${group}" ];
      verbs = [ "get" ];
    }
  ];

  leaseRules = [
    {
      resources = [ "leases" ];
      verbs = [ "create" ];
    }
    {
      resources = [ "leases" ];
      resourceNames = [ "pushless-operator" ];
      verbs = [
        "get"
        "update"
      ];
    }
  ];

  probe = path: {
    httpGet = {
      inherit path;
      port = "metrics";
    };
  };
in
{
  # an image whose program needs nothing below /nix/store, as `registryImage` makes it, or a reference
  image ? import ../registry/placeholder.nix,
  # name of a Secret of type kubernetes.io/dockerconfigjson, for a registry of images that wants credentials
  imagePullSecret ? null,
  # name of all objects
  name ? "pushless-operator",
  # namespace
  namespace ? "pushless-operator",
  # Pods, of which one leads
  replicas ? 2,
  # port of metrics and health
  port ? 8081,
  # settings of the store, by their names as for `registry`: { caches = "https://cache.example.org"; }
  settings ? { },
  # further arguments of `pushless operator`
  args ? [ ],
  # megabytes that the paths in the store may have together in each Pod, counted as archives
  storeSize ? 1000,
  # name of a Secret whose key `netrc` has credentials for caches
  netrcSecret ? null,
  # name of a Secret whose keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  s3Secret ? null,
  # name of a ConfigMap whose key `ca.crt` has certificates of authorities that caches may have
  cacheAuthority ? null,
  # name of a Secret whose key `token` the registry of `--registry` wants, to tell about its builds
  tokenSecret ? null,
  # annotations of the ServiceAccount, for clouds that give it a role
  serviceAccountAnnotations ? { },
  # user and group of the process, never root
  uid ? 65532,
  # compute resources
  resources ? {
    requests = {
      cpu = "50m";
      memory = "128Mi";
    };
    limits.memory = "512Mi";
  },
}:
let
  common = { inherit name namespace; };
  files = toFiles {
    cache-ca = cacheAuthority;
    netrc = netrcSecret;
    token = tokenSecret;
  };
  account = {
    kind = "ServiceAccount";
    inherit name namespace;
  };
  binding = kind: {
    roleRef = {
      apiGroup = "rbac.authorization.k8s.io";
      inherit kind name;
    };
    subjects = [ account ];
  };
  workload = deployment (
    common
    // {
      inherit replicas;
      serviceAccountName = name;
      enableServiceLinks = false;
      terminationGracePeriodSeconds = 40;
      securityContext = {
        runAsNonRoot = true;
        runAsUser = uid;
        runAsGroup = uid;
        fsGroup = uid;
        seccompProfile.type = "RuntimeDefault";
      };
      containers.operator = {
        inherit image resources;
        args = [
          "operator"
          "--health-listen"
          "0.0.0.0:${toString port}"
        ]
        ++ args;
        env =
          toEnvironment {
            inherit builder;
            own = {
              state = "/var/lib/pushless";
              # Without Nix: what a profile names comes from caches.
              store = settings.store or "cache";
              store-size =
                if isInt storeSize && storeSize > 0 then
                  storeSize
                else
                  refuse builder "storeSize" storeSize "a number of megabytes";
            }
            // files.settings;
            inherit (files) reserved;
            settings = removeAttrs settings [ "store" ];
            hosts = [ ];
          }
          // {
            POD_NAMESPACE = {
              valueFrom.fieldRef.fieldPath = "metadata.namespace";
            };
          };
        ports.metrics.containerPort = port;
        securityContext = {
          allowPrivilegeEscalation = false;
          readOnlyRootFilesystem = true;
          capabilities.drop = [ "ALL" ];
        };
        livenessProbe = probe "/healthz" // {
          periodSeconds = 10;
          failureThreshold = 3;
        };
        readinessProbe = probe "/readyz" // {
          periodSeconds = 5;
          failureThreshold = 2;
        };
        volumeMounts = {
          "/tmp" = "tmp";
          "/var/lib/pushless" = "state";
        }
        // files.volumeMounts;
      }
      // onlyIf (s3Secret != null) { envFrom = [ { secretRef.name = s3Secret; } ]; };
      volumes = {
        tmp.emptyDir.sizeLimit = "64Mi";
        # Small files take more on disk than in archives, whose bytes storeSize counts.
        state.emptyDir.sizeLimit = "${toString (storeSize * 3 / 2 + 500)}M";
      }
      // files.volumes;
      topologySpreadConstraints = [
        {
          topologyKey = "kubernetes.io/hostname";
          maxSkew = 1;
          whenUnsatisfiable = "ScheduleAnyway";
          labelSelector.matchLabels."app.kubernetes.io/name" = name;
        }
      ];
    }
    // onlyIf (imagePullSecret != null) { imagePullSecrets = [ { name = imagePullSecret; } ]; }
  );
in
[
  (builders.namespace {
    name = namespace;
    labels."pod-security.kubernetes.io/enforce" = "restricted";
  })
  (serviceAccount (
    common
    // {
      automountServiceAccountToken = true;
    }
    // onlyIf (serviceAccountAnnotations != { }) { annotations = serviceAccountAnnotations; }
  ))
  (clusterRole {
    inherit name;
    rules = clusterRules;
  })
  (clusterRoleBinding ({ inherit name; } // binding "ClusterRole"))
  (role (common // { rules = leaseRules; }))
  (roleBinding (common // binding "Role"))
  workload
  (podDisruptionBudget (
    common
    // {
      for = workload;
      maxUnavailable = 1;
    }
  ))
]
