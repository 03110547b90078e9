/**
  Returns the set-up of nodes: a DaemonSet that writes the address of the registry for each node's container runtime,
  and removes it when its Pod is deleted. ./node-setup.sh lists what it writes, and ../../docs/cluster.md lists its
  limits.

  It needs root, since the files belong to root. It needs no capability, no privilege and no network. It sees only
  those directories of the node that belong to the named runtimes.
*/
{
  configMap,
  daemonSet,
  networkPolicy,
  serviceAccount,
  ...
}:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    foldl'
    functionArgs
    hashString
    head
    isList
    isString
    map
    match
    seq
    ;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;

  builder = "nodeSetup";

  script = import ../../nix/read-text.nix ./node-setup.sh;

  # The directories of the node that the script writes to or reads.
  directoriesOf =
    certsDir: runtime:
    {
      containerd = {
        containerd = "/etc/containerd";
      }
      // (if match "/etc/containerd/.*" certsDir == null then { certs = certsDir; } else { });
      cri-o.containers = "/etc/containers";
      podman.containers = "/etc/containers";
      k3s.k3s = "/etc/rancher/k3s";
      rke2.rke2 = "/etc/rancher/rke2";
    }
    .${runtime};

  known = [
    "containerd"
    "cri-o"
    "podman"
    "k3s"
    "rke2"
  ];

  checkRuntimes =
    runtimes:
    let
      wrong = filter (runtime: !elem runtime known) runtimes;
    in
    if !isList runtimes || runtimes == [ ] then
      refuse builder "runtimes" runtimes "a list of ${concatStringsSep ", " known}"
    else if wrong != [ ] then
      refuse builder "a runtime in runtimes" (head wrong) (concatStringsSep ", " known)
    else
      runtimes;

  checkUrl =
    url:
    if isString url && match "https?://([]A-Za-z0-9.:_[-]|\\$\\(NODE_IP\\))+" url != null then
      url
    else
      refuse builder "url" url
        ''scheme, host and port, such as "http://127.0.0.1:5000" or "http://$(NODE_IP):30500"'';

  checkAuthority =
    url: authority:
    if authority == null then
      null
    else if !isString authority || authority == "" then
      refuse builder "authority" authority "the name of a ConfigMap with the key ca.crt"
    else if match "https://.*" (checkUrl url) == null then
      refuse builder "url" url "https://, since there is an authority"
    else
      authority;

  onlyIf = condition: attributes: if condition then attributes else { };

  checkCertsDir =
    path:
    if isString path && match "(/[A-Za-z0-9._-]+)+" path != null then
      path
    else
      refuse builder "certsDir" path "an absolute path";

  nodeSetup =
    {
      # the registry as nodes reach it; $(NODE_IP) is the node's own address (status.hostIP)
      url ? "http://127.0.0.1:5000",
      # list of the container runtimes: "containerd" (also for kind and GKE), "cri-o", "podman", "k3s", "rke2"
      runtimes ? [ "containerd" ],
      # ConfigMap with the key ca.crt: the authority that signed the registry's certificate. null: a well-known one
      authority ? null,
      # containerd's config_path
      certsDir ? "/etc/containerd/certs.d",
      # an image with a shell and its usual commands. The registry's own has them
      image ? import ./placeholder.nix,
      # name of a Secret of type kubernetes.io/dockerconfigjson in the same namespace, for that image. null: none
      imagePullSecret ? null,
      # name of the DaemonSet, and of all that belongs to it
      name ? "pushless-node-setup",
      # namespace. null: kubectl uses its own
      namespace ? "pushless",
      # labels of the nodes that are set up
      nodeSelector ? {
        "kubernetes.io/os" = "linux";
      },
      # tolerations of the Pods. The default is to run on reserved nodes too, since they also pull images
      tolerations ? [ { operator = "Exists"; } ],
      ...
    }@args:
    let
      given = checkRuntimes runtimes;
      directories = foldl' (
        all: runtime: all // directoriesOf (checkCertsDir certsDir) runtime
      ) { } given;
      mount = name: path: {
        name = path;
        value = name;
      };
    in
    seq (onlyKnown builder "argument" (attrNames (functionArgs nodeSetup)) args) (
      seq (checkAuthority url authority) [
        (serviceAccount {
          inherit name namespace;
          automountServiceAccountToken = false;
        })
        (configMap {
          inherit name namespace;
          data."node-setup.sh" = script;
        })
        (networkPolicy {
          inherit name namespace;
          ingress = [ ];
          egress = [ ];
        })
        (daemonSet {
          inherit
            name
            namespace
            nodeSelector
            tolerations
            ;
          # A changed script makes new Pods, and so it runs again.
          podAnnotations."nix.internal/node-setup" = hashString "sha256" script;
          serviceAccountName = name;
          imagePullSecrets = if imagePullSecret == null then null else [ imagePullSecret ];
          automountServiceAccountToken = false;
          enableServiceLinks = false;
          securityContext.seccompProfile.type = "RuntimeDefault";
          containers.node-setup = {
            inherit image;
            command = [
              "/bin/sh"
              "/scripts/node-setup.sh"
            ];
            args = [ "run" ];
            # Sorted by name, which is also the right order: a variable that refers to NODE_IP comes after it.
            env = {
              CERTS_DIR = certsDir;
              NODE_IP.valueFrom.fieldRef.fieldPath = "status.hostIP";
              ROOT = "/host";
              RUNTIMES = concatStringsSep " " given;
              URL = checkUrl url;
            }
            // onlyIf (authority != null) { AUTHORITY = "/authority/ca.crt"; };
            securityContext = {
              runAsUser = 0;
              runAsGroup = 0;
              allowPrivilegeEscalation = false;
              readOnlyRootFilesystem = true;
              capabilities.drop = [ "ALL" ];
            };
            resources = {
              requests = {
                cpu = "5m";
                memory = "8Mi";
              };
              limits.memory = "32Mi";
            };
            volumeMounts = {
              "/scripts" = {
                name = "scripts";
                readOnly = true;
              };
            }
            // onlyIf (authority != null) {
              "/authority" = {
                name = "authority";
                readOnly = true;
              };
            }
            // builtins.listToAttrs (map (key: mount key "/host${directories.${key}}") (attrNames directories));
          };
          volumes = {
            scripts.configMap.name = name;
          }
          // onlyIf (authority != null) { authority.configMap.name = authority; }
          // builtins.mapAttrs (_: path: {
            hostPath = {
              inherit path;
              type = "DirectoryOrCreate";
            };
          }) directories;
        })
      ]
    );
in
nodeSetup
