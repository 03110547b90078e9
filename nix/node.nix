# NixOS: a node whose container runtimes know where the registry is. Each is told as it is told everywhere, by a file
# below /etc, whether or not it is enabled here: a runtime that isn't there reads none. `services.pushless.enable` is
# for the registry itself, which may be elsewhere.
{
  config,
  lib,
  ...
}:
let
  inherit (builtins)
    elemAt
    match
    toJSON
    ;
  inherit (lib)
    literalExpression
    mkEnableOption
    mkIf
    mkMerge
    mkOption
    types
    ;

  cfg = config.services.pushless.node;
  name = "nix.internal";

  # "http://127.0.0.1:5000" -> [ "http" "127.0.0.1:5000" ]
  parts = match "(https?)://([]A-Za-z0-9.:_[-]+)" cfg.registry;
  registry =
    if parts == null then
      throw "services.pushless.node: registry is ${toJSON cfg.registry}, expected scheme, host and port, such as \"http://127.0.0.1:5000\""
    else
      {
        url = cfg.registry;
        address = elemAt parts 1;
        isPlain = elemAt parts 0 == "http";
      };

  certsDir = "/etc/containerd/certs.d";

  # Without `server`, containerd asks https://nix.internal next, and its error hides ours; without [host], 1.6 refuses
  # the file.
  hostsToml = ''
    server = "${registry.url}"
    [host."${registry.url}"]
      capabilities = ["pull", "resolve"]
  '';

  # A location, and not a mirror: after a mirror the name itself is asked, and its error hides ours.
  registriesConf = ''
    [[registry]]
    prefix = "${name}"
    location = "${registry.address}"
    insecure = ${if registry.isPlain then "true" else "false"}
  '';

  # JSON is YAML.
  registriesYaml = toJSON { mirrors.${name}.endpoint = [ registry.url ]; } + "\n";
in
{
  options.services.pushless.node = {
    enable = mkEnableOption "pulling images of nix.internal from a pushless registry";

    registry = mkOption {
      type = types.str;
      default = "http://127.0.0.1:5000";
      example = "http://10.0.0.1:30500";
      description = "The registry, as this node reaches it: scheme, host and port.";
    };

    containerd = mkOption {
      type = types.bool;
      default = config.virtualisation.containerd.enable;
      defaultText = literalExpression "config.virtualisation.containerd.enable";
      description = ''
        Whether to tell containerd. It reads a directory of registries only if it is told so, and nothing else may be
        said of registries in its settings (`registry.mirrors`).
      '';
    };

    containers = mkOption {
      type = types.bool;
      default = config.virtualisation.containers.enable;
      defaultText = literalExpression "config.virtualisation.containers.enable";
      description = "Whether to tell podman, CRI-O, skopeo and buildah. CRI-O has to be reloaded.";
    };

    k3s = mkOption {
      type = types.bool;
      default = config.services.k3s.enable;
      defaultText = literalExpression "config.services.k3s.enable";
      description = ''
        Whether to tell k3s, which is restarted for it. This is its whole list of registries: with others, say so there
        and not here.
      '';
    };
  };

  config = mkIf cfg.enable {
    # In the form of version 2, which containerd 2 converts.
    virtualisation.containerd.settings = mkIf cfg.containerd {
      plugins."io.containerd.grpc.v1.cri".registry.config_path = certsDir;
    };

    # Around the unit: an empty one would be one, too.
    systemd.services = mkIf cfg.k3s { k3s.restartTriggers = [ registriesYaml ]; };

    environment.etc = mkMerge [
      (mkIf cfg.containerd { "containerd/certs.d/${name}/hosts.toml".text = hostsToml; })
      (mkIf cfg.containers { "containers/registries.conf.d/${name}.conf".text = registriesConf; })
      (mkIf cfg.k3s { "rancher/k3s/registries.yaml".text = registriesYaml; })
    ];
  };
}
