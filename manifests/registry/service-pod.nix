# The Pods of a registry that needs nothing of its node, as arguments of a workload's builder: its store is its own.
let
  inherit (builtins) isInt isList;
  inherit (import ../../nix/refuse.nix) refuse;
  toEnvironment = import ./pod-environment.nix;

  # As in ./pod.nix.
  slack = 10;

  onlyIf = condition: value: if condition then value else { };
in
{
  builder,
  image,
  imagePullSecret,
  name,
  port,
  settings,
  # settings that the builder decides, beside the address and the names of files
  own,
  # names of further settings that the builder decides
  reserved,
  # what ./pod-files.nix made
  files,
  # whether files.settings has a certificate
  isTls,
  # whether an auth file says who may pull
  hasAuth,
  # path -> volume, beside the files and /tmp
  volumeMounts,
  # volumes that aren't claims, beside the files and /tmp
  volumes,
  spread,
  resources,
  uid,
  hosts,
  # further fields of the Pod, and of its securityContext
  podFields ? { },
  podSecurity ? { },
  # further fields of the container, its securityContext and its environment
  containerFields ? { },
  containerSecurity ? { },
  env ? { },
}:
let
  allOwn = {
    listen = "0.0.0.0:${toString port}";
  }
  // own
  # Nodes pull without credentials until there is a file that says who may.
  // onlyIf (!hasAuth) { anonymous-pull = true; }
  // files.settings;

  probe = path: {
    httpGet = {
      inherit path;
      port = "http";
    }
    // onlyIf isTls { scheme = "HTTPS"; };
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
    }
    // podSecurity;

    containers.registry = {
      inherit image resources;
      env =
        toEnvironment {
          inherit builder settings hosts;
          own = allOwn;
          reserved = files.reserved ++ reserved;
        }
        // env;
      args = [ "serve" ];
      ports.http.containerPort = port;
      securityContext = {
        allowPrivilegeEscalation = false;
        readOnlyRootFilesystem = true;
        capabilities.drop = [ "ALL" ];
      }
      // containerSecurity;
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
      }
      // volumeMounts
      // files.volumeMounts;
    }
    // containerFields;

    volumes = {
      tmp.emptyDir.sizeLimit = "64Mi";
    }
    // volumes
    // files.volumes;
  }
  // onlyIf (spread != [ ]) {
    topologySpreadConstraints = map (topologyKey: {
      inherit topologyKey;
      maxSkew = 1;
      # A cluster with one node, or without zones, still gets all Pods.
      whenUnsatisfiable = "ScheduleAnyway";
      labelSelector.matchLabels."app.kubernetes.io/name" = name;
    }) spread;
  }
  // onlyIf (imagePullSecret != null) {
    imagePullSecrets = [ { name = imagePullSecret; } ];
  }
  // podFields
