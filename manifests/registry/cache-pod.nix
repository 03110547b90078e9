# The Pods of a registry that gets store paths from binary caches, as arguments of a workload's builder. They need
# nothing of their node, so they are "restricted" in the Pod Security Standards.
let
  inherit (builtins)
    concatStringsSep
    isInt
    isList
    isString
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  toEnvironment = import ./pod-environment.nix;
  toFiles = import ./pod-files.nix;

  state = "/var/lib/pushless";

  # As in ./pod.nix.
  slack = 10;

  # Archives of layers are unpacked beside the store (--cache-size, in megabytes).
  defaultCacheSize = 10000;

  onlyIf = condition: value: if condition then value else { };

  words =
    builder: field: value:
    let
      list = if isList value then value else [ value ];
    in
    if list != [ ] && builtins.all (item: isString item && item != "") list then
      concatStringsSep " " list
    else
      refuse builder field value "a string, or a list of strings";
in
{
  builder,
  image,
  imagePullSecret,
  name,
  port,
  settings,
  caches,
  trustedKeys,
  storeSize,
  netrcSecret,
  s3Secret,
  cacheAuthority,
  tlsSecret,
  tokenSecret,
  authSecret,
  spread,
  resources,
  uid,
  hosts,
}:
let
  files = toFiles {
    auth = authSecret;
    cache-ca = cacheAuthority;
    netrc = netrcSecret;
    tls = tlsSecret;
    token = tokenSecret;
  };

  own = {
    listen = "0.0.0.0:${toString port}";
    inherit state;
    store = "cache";
    store-size =
      if isInt storeSize && storeSize > 0 then
        storeSize
      else
        refuse builder "storeSize" storeSize "a number of megabytes";
  }
  # Nodes pull without credentials until there is a file that says who may.
  // onlyIf (authSecret == null) { anonymous-pull = true; }
  // onlyIf (caches != null) { caches = words builder "caches" caches; }
  // onlyIf (trustedKeys != null) { trusted-keys = words builder "trustedKeys" trustedKeys; }
  // files.settings;

  probe = path: {
    httpGet = {
      inherit path;
      port = "http";
    }
    // onlyIf (tlsSecret != null) { scheme = "HTTPS"; };
  };
in
if !isInt uid || uid < 1 then
  refuse builder "uid" uid "a number from 1 on: nothing here needs root"
else if !isList spread then
  refuse builder "spread" spread ''a list of node labels, such as [ "kubernetes.io/hostname" ]''
else
  {
    serviceAccountName = name;
    automountServiceAccountToken = false;
    enableServiceLinks = false;
    terminationGracePeriodSeconds = (settings.grace or 30) + slack;
    securityContext = {
      runAsNonRoot = true;
      runAsUser = uid;
      runAsGroup = uid;
      # The group of the volumes.
      fsGroup = uid;
      fsGroupChangePolicy = "OnRootMismatch";
      seccompProfile.type = "RuntimeDefault";
    };
    topologySpreadConstraints = map (topologyKey: {
      inherit topologyKey;
      maxSkew = 1;
      # A cluster with one node, or without zones, still gets all Pods.
      whenUnsatisfiable = "ScheduleAnyway";
      labelSelector.matchLabels."app.kubernetes.io/name" = name;
    }) spread;

    containers.registry = {
      inherit image resources;
      env = toEnvironment {
        inherit
          builder
          own
          settings
          hosts
          ;
        reserved = files.reserved ++ [
          "caches"
          "trusted-keys"
        ];
      };
      args = [ "serve" ];
      ports.http.containerPort = port;
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
        ${state} = "state";
      }
      // files.volumeMounts;
    }
    // onlyIf (s3Secret != null) {
      envFrom = [ { secretRef.name = s3Secret; } ];
    };

    volumes = {
      # The store is filled again from the caches. Small files take more on disk than in archives, whose bytes
      # storeSize counts.
      state.emptyDir.sizeLimit =
        let
          cacheSize = settings.cache-size or defaultCacheSize;
        in
        "${toString (storeSize * 3 / 2 + cacheSize + 1000)}M";
      tmp.emptyDir.sizeLimit = "64Mi";
    }
    // files.volumes;
  }
  // onlyIf (imagePullSecret != null) {
    imagePullSecrets = [ { name = imagePullSecret; } ];
  }
