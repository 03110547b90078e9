# The Pods of the registry, as arguments of a workload's builder.
let
  inherit (builtins) isBool isInt;
  inherit (import ../../nix/refuse.nix) refuse;
  toEnvironment = import ./pod-environment.nix;
  toFiles = import ./pod-files.nix;

  daemonSocket = "/nix/var/nix/daemon-socket";
  # The directory of the socket, which is a new one after a restart of the runtime. The registry's lock is in it, too.
  nri = "/var/run/nri";

  # Beyond the grace that downloads get, for the rest of the shutdown (src/cli/serve.ts: 5 s), and some.
  slack = 10;

  onlyIf = condition: value: if condition then value else { };
in
{
  # the builder that refuses
  builder,
  image,
  imagePullSecret,
  name,
  port,
  settings,
  allowBuilds,
  tlsSecret,
  tokenSecret,
  authSecret,
  state,
  uid,
  resources,
  # whether the Pod is in the node's network, on its loopback
  isOnNode,
  # name of the claim for the state. null: the state is a directory of the node
  claim,
  # names by which clients call the registry, beside those of settings.hosts
  hosts,
  # whether store paths are mounted into the containers of the node
  zeroCopy,
}:
let
  files = toFiles {
    auth = authSecret;
    tls = tlsSecret;
    token = tokenSecret;
  };

  own = {
    listen = if isOnNode then "127.0.0.1:${toString port}" else "0.0.0.0:${toString port}";
    inherit state;
    # The image may be one whose default is another.
    store = "daemon";
    nix = "unix:${daemonSocket}/socket";
    allow-builds = allowBuilds;
  }
  // onlyIf zeroCopy { zero-copy = true; }
  # Other machines reach it. Nodes pull without credentials until there is a file that says who may.
  // onlyIf (!isOnNode && authSecret == null) { anonymous-pull = true; }
  // files.settings;

  env = toEnvironment {
    inherit
      builder
      own
      settings
      hosts
      ;
    reserved = files.reserved ++ [ "zero-copy" ];
  };

  grace = settings.grace or 30;

  # No process gains rights that aren't written here.
  confined = {
    allowPrivilegeEscalation = false;
    readOnlyRootFilesystem = true;
    capabilities.drop = [ "ALL" ];
  };

  onNode = path: type: { hostPath = { inherit path type; }; };

  # The directory that the node's garbage collector looks for, by its path on the node.
  nodeDirectory = if claim == null then state else "${state}/roots";

  probe = path: {
    httpGet = {
      inherit path;
      port = "http";
    }
    // onlyIf isOnNode { host = "127.0.0.1"; }
    // onlyIf (tlsSecret != null) { scheme = "HTTPS"; };
  };
in
if !isBool zeroCopy then
  refuse builder "zeroCopy" zeroCopy "true or false"
else if zeroCopy && !isOnNode then
  refuse builder "zeroCopy" zeroCopy "false: only the registry of a node mounts its store"
else if zeroCopy && uid != 0 then
  refuse builder "uid" uid "0: only root may use the socket of the container runtime"
else if !zeroCopy && (!isInt uid || uid < 1) then
  refuse builder "uid" uid "a number from 1 on: nothing here needs root"
else if !isBool allowBuilds then
  refuse builder "allowBuilds" allowBuilds "true or false"
else
  {
    serviceAccountName = name;
    automountServiceAccountToken = false;
    enableServiceLinks = false;
    terminationGracePeriodSeconds = grace + slack;
    securityContext = {
      runAsNonRoot = !zeroCopy;
      runAsUser = uid;
      runAsGroup = uid;
      # The group of the claim's volume, and of the Secrets.
      fsGroup = uid;
      fsGroupChangePolicy = "OnRootMismatch";
      seccompProfile.type = "RuntimeDefault";
    };

    # A directory of the node that kubelet made belongs to root, and fsGroup doesn't change that.
    initContainers.state = {
      inherit image;
      command = [
        "/bin/sh"
        "-c"
        "chmod 0700 \"$0\" && chown \"$1\" \"$0\""
      ];
      args = [
        nodeDirectory
        "${toString uid}:${toString uid}"
      ];
      securityContext = confined // {
        runAsNonRoot = false;
        runAsUser = 0;
        runAsGroup = 0;
        capabilities = {
          drop = [ "ALL" ];
          add = [
            "CHOWN"
            "FOWNER"
          ];
        };
      };
      resources = {
        requests = {
          cpu = "5m";
          memory = "8Mi";
        };
        limits.memory = "32Mi";
      };
      volumeMounts.${nodeDirectory} = "state";
    };

    containers.registry = {
      inherit image env resources;
      args = [ "serve" ];
      ports.http = {
        containerPort = port;
      }
      # The port is declared, so that the scheduler knows that it is taken.
      // onlyIf isOnNode { hostPort = port; };
      securityContext = confined;
      livenessProbe = probe "/healthz" // {
        periodSeconds = 10;
        failureThreshold = 3;
      };
      # The registry isn't ready while Nix doesn't answer. A restart wouldn't help, so it isn't restarted.
      readinessProbe = probe "/readyz" // {
        periodSeconds = 5;
        failureThreshold = 2;
      };
      volumeMounts = {
        "/nix/store" = {
          name = "store";
          readOnly = true;
        };
        # The directory is mounted, since the socket in it is a new one after a restart of the daemon.
        ${daemonSocket} = {
          name = "daemon";
          readOnly = true;
        };
        "/tmp" = "tmp";
        ${nodeDirectory} = "state";
      }
      // onlyIf (claim != null) { ${state} = "claim"; }
      // onlyIf zeroCopy { ${nri} = "nri"; }
      // files.volumeMounts;
    };

    volumes = {
      # These directories aren't created. Where they are missing, the Pod's events show that the node has no Nix.
      store = onNode "/nix/store" "Directory";
      daemon = onNode daemonSocket "Directory";
      state = onNode nodeDirectory "DirectoryOrCreate";
      tmp.emptyDir.sizeLimit = "64Mi";
    }
    // onlyIf zeroCopy { nri = onNode nri "Directory"; }
    // onlyIf (claim != null) { claim.persistentVolumeClaim.claimName = claim; }
    // files.volumes;
  }
  // onlyIf (imagePullSecret != null) {
    imagePullSecrets = [ { name = imagePullSecret; } ];
  }
  // onlyIf isOnNode {
    hostNetwork = true;
    dnsPolicy = "Default";
  }
