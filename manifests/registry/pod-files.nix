# The Secrets and ConfigMaps whose files the registry reads. Each is a directory in its Pods, and settings name the
# files in it. kubelet replaces a file there when its Secret changes: a file that is mounted by subPath never changes.
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    foldl'
    listToAttrs
    map
    mapAttrs
    ;

  # Use of a Secret or ConfigMap -> the settings that name files, and the key of each file. The use is also the name of
  # the volume. src/kubernetes/install/registry-pod.ts has the same table.
  uses = {
    auth.settings.auth = "auth.yaml";
    builders.settings.builders = "machines";
    cache-ca = {
      isConfigMap = true;
      settings.cache-ca = "ca.crt";
    };
    netrc.settings.netrc = "netrc";
    tls.settings = {
      tls-cert = "tls.crt";
      tls-key = "tls.key";
    };
    token.settings.token-file = "token";
  };

  directoryOf = use: "/run/secrets/pushless-${use}";

  settingsOf = use: mapAttrs (_: file: "${directoryOf use}/${file}") uses.${use}.settings;

  toVolume =
    use: name:
    if uses.${use}.isConfigMap or false then
      { configMap = { inherit name; }; }
    else
      {
        secret = {
          secretName = name;
          defaultMode = "0440";
        };
      };
in
# use -> name of the Secret or ConfigMap; null: there is none
names:
let
  given = filter (use: names.${use} != null) (attrNames names);
in
{
  # settings of `pushless serve` that name the files
  settings = foldl' (all: use: all // settingsOf use) { } given;
  # names of all settings that these uses decide, given or not
  reserved = concatMap (use: attrNames uses.${use}.settings) (attrNames names);
  volumeMounts = listToAttrs (
    map (use: {
      name = directoryOf use;
      value = {
        name = use;
        readOnly = true;
      };
    }) given
  );
  volumes = listToAttrs (
    map (use: {
      name = use;
      value = toVolume use names.${use};
    }) given
  );
}
