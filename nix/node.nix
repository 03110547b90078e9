# The NixOS module of a node whose container runtimes pull from the registry. Each runtime is configured by files
# below /etc, whether or not it is enabled here: a runtime that isn't installed reads none. `services.pushless.enable`
# runs the registry itself, which may be on another machine.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elemAt
    filter
    isAttrs
    match
    toJSON
    ;
  inherit (lib)
    literalExpression
    mkDefault
    mkEnableOption
    mkIf
    mkMerge
    mkOption
    optionalString
    types
    ;

  cfg = config.services.pushless.node;
  name = "nix.internal";
  thisFile = "pushless, nix/node.nix";

  # The configuration of the registry on this machine, if there is one.
  server = config.services.pushless;
  defaultRegistry =
    if server.enable or false then (import ./listen.nix server.listen).url else "http://127.0.0.1:5000";

  # "http://127.0.0.1:5000" -> [ "http" "127.0.0.1:5000" ]
  parts = match "(https?)://([]A-Za-z0-9.:_[-]+)" cfg.registry;
  registry =
    if parts == null then
      throw (
        "services.pushless.node: registry is ${toJSON cfg.registry}, "
        + "expected scheme, host and port, such as \"http://127.0.0.1:5000\""
      )
    else
      {
        url = cfg.registry;
        address = elemAt parts 1;
        isPlain = elemAt parts 0 == "http";
      };

  # containerd 2 converts a configuration of version 2, unless its file states version 3.
  containerd = config.virtualisation.containerd.settings or { };
  isVersion3 = containerd.version or 2 >= 3;
  section = if isVersion3 then sections.version3 else sections.version2;
  sections = {
    version2 = "io.containerd.grpc.v1.cri";
    version3 = "io.containerd.cri.v1.images";
  };
  # A directory of registries that is already configured is kept.
  certsDir = containerd.plugins.${section}.registry.config_path or defaultCertsDir;
  configPath.registry.config_path = mkDefault defaultCertsDir;
  defaultCertsDir = "/etc/containerd/certs.d";
  certsInEtc = match "/etc/([^:]*[^:/])/*" certsDir;

  # A node whose snapshotter mounts layers in EROFS as they are asks for those.
  mountsErofs =
    (containerd.plugins.${sections.version3}.snapshotter or null) == "erofs"
    || (containerd.plugins.${sections.version2}.containerd.snapshotter or null) == "erofs";

  # Without `server`, containerd asks https://nix.internal next, and its error hides ours. Without [host], containerd
  # 1.6 refuses the file.
  hostsToml = ''
    server = "${registry.url}"
    [host."${registry.url}"]
      capabilities = ["pull", "resolve"]
  ''
  + optionalString mountsErofs ''
    [host."${registry.url}".header]
      X-Pushless-Layers = ["erofs"]
  '';

  # It is a location and not a mirror: after a mirror, the name itself is asked, and its error hides ours.
  registriesConf = ''
    [[registry]]
    prefix = "${name}"
    location = "${registry.address}"
    insecure = ${if registry.isPlain then "true" else "false"}
  '';

  # JSON is YAML.
  mirrors = toJSON { mirrors.${name}.endpoint = [ registry.url ]; };
  registriesYaml = mirrors + "\n";

  # The name of the unit in nixpkgs depends on the role of the node in the cluster.
  rke2Unit = "rke2-${config.services.rke2.role or "server"}";

  # k3s and RKE2 differ only in their names. Each has one list of registries.
  rancher =
    distribution:
    let
      flags = toString (config.services.${distribution}.extraFlags or "");
    in
    [
      {
        assertion = match ".*--private-registry.*" flags == null;
        message =
          "services.pushless.node.${distribution}: services.${distribution}.extraFlags has "
          + "--private-registry, so ${distribution} doesn't read "
          + "/etc/rancher/${distribution}/registries.yaml. ${byHand distribution}";
      }
    ]
    ++ alone "rancher/${distribution}/registries.yaml" (byHand distribution);
  byHand =
    distribution:
    "Set services.pushless.node.${distribution} = false, and add to the list of registries that is there: ${mirrors}";

  # Modules that define a file below /etc, beside this one.
  othersOf =
    file:
    map (definition: definition.file) (
      filter (
        definition:
        let
          value = definition.value.${file};
        in
        definition.file != thisFile
        && definition.value ? ${file}
        && !(isAttrs value && value._type or null == "if" && !value.condition)
      ) (options.environment.etc.definitionsWithLocations or [ ])
    );

  # NixOS would join two texts of one file, and no program could read the result.
  alone =
    file: hint:
    let
      others = othersOf file;
    in
    [
      {
        assertion = others == [ ];
        message =
          "services.pushless.node: environment.etc.\"${file}\" is defined by "
          + "${concatStringsSep ", " others}, too. ${hint}";
      }
    ];

  containerdAlone = [
    {
      assertion = config.virtualisation.containerd.configFile or null == null;
      message =
        "services.pushless.node.containerd: virtualisation.containerd.configFile is set, "
        + "so virtualisation.containerd.settings is not read. Use settings instead of that file; "
        + "or set services.pushless.node.containerd = false, "
        + "and write what docs/nodes/containerd.md has";
    }
    {
      assertion = mirroring == [ ];
      message =
        "services.pushless.node.containerd: ${concatStringsSep ", " mirroring} is set, "
        + "and containerd takes either that or config_path. Move those mirrors to hosts.toml files below "
        + "/etc/containerd/certs.d, or set services.pushless.node.containerd = false";
    }
    {
      assertion = certsInEtc != null;
      message =
        "services.pushless.node.containerd: config_path of containerd's registries is "
        + "${toJSON certsDir}, expected one directory below /etc, such as \"/etc/containerd/certs.d\"";
    }
  ];
  mirroring =
    map (plugin: "virtualisation.containerd.settings.plugins.\"${plugin}\".registry.mirrors")
      (
        filter (plugin: containerd.plugins.${plugin}.registry.mirrors or { } != { }) (
          attrNames (containerd.plugins or { })
        )
      );

  runtimeOption =
    runtime: default: description:
    mkOption {
      type = types.bool;
      default = default config;
      defaultText = literalExpression "config.${runtime}.enable";
      inherit description;
    };
in
{
  # A module that is imported twice, in whatever form, counts once.
  key = "pushless#services.pushless.node";
  _file = thisFile;

  options.services.pushless.node = {
    enable = mkEnableOption "pulling images of nix.internal from a pushless registry";

    registry = mkOption {
      type = types.str;
      default = defaultRegistry;
      defaultText = literalExpression ''"http://127.0.0.1:5000", or where services.pushless.listen is'';
      example = "http://10.0.0.1:30500";
      description = "The registry, as this node reaches it: scheme, host and port.";
    };

    containerd = runtimeOption "virtualisation.containerd" (c: c.virtualisation.containerd.enable) ''
      Whether to tell containerd. It reads a directory of registries only if it is told so, and nothing else may be
      said of registries in its settings (`registry.mirrors`).
    '';

    containers = runtimeOption "virtualisation.containers" (c: c.virtualisation.containers.enable) ''
      Whether to tell podman, CRI-O, skopeo and buildah. CRI-O has to be reloaded.
    '';

    k3s = runtimeOption "services.k3s" (c: c.services.k3s.enable) ''
      Whether to tell k3s, which is restarted for it. This is its whole list of registries: with others, say so there
      and not here.
    '';

    rke2 = runtimeOption "services.rke2" (c: c.services.rke2.enable or false) ''
      Whether to tell RKE2, which is restarted for it. As for k3s, this is its whole list of registries.
    '';
  };

  config = mkIf cfg.enable {
    assertions = mkMerge [
      (mkIf cfg.containerd containerdAlone)
      (mkIf cfg.k3s (rancher "k3s"))
      (mkIf cfg.rke2 (rancher "rke2"))
      (mkIf cfg.containers (
        alone "containers/registries.conf.d/${name}.conf" (
          "Remove it there, or set services.pushless.node.containers = false"
        )
      ))
    ];

    virtualisation.containerd.settings = mkIf cfg.containerd {
      # The names of these options are fixed: names that depend on settings would be an infinite recursion.
      plugins.${sections.version2} = mkIf (!isVersion3) configPath;
      plugins.${sections.version3} = mkIf isVersion3 configPath;
    };

    # The condition is around the whole unit, since an empty unit would also be defined.
    systemd.services = mkMerge [
      (mkIf cfg.k3s { k3s.restartTriggers = [ registriesYaml ]; })
      (mkIf cfg.rke2 { ${rke2Unit}.restartTriggers = [ registriesYaml ]; })
      # containerd loads its differ for EROFS only with mkfs.erofs on its PATH.
      (mkIf (cfg.containerd && mountsErofs) { containerd.path = [ pkgs.erofs-utils ]; })
    ];

    environment.etc = mkMerge [
      (mkIf (cfg.containerd && certsInEtc != null) {
        "${elemAt certsInEtc 0}/${name}/hosts.toml".text = hostsToml;
      })
      (mkIf cfg.containers { "containers/registries.conf.d/${name}.conf".text = registriesConf; })
      (mkIf cfg.k3s { "rancher/k3s/registries.yaml".text = registriesYaml; })
      (mkIf cfg.rke2 { "rancher/rke2/registries.yaml".text = registriesYaml; })
    ];
  };
}
