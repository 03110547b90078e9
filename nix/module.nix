# The NixOS module that runs the registry as a service. The service gets its settings as environment variables
# PUSHLESS_*, one for each option of `pushless serve`. The unit may do what a reader of the store needs, and nothing
# else. The module of a node that pulls from the registry, `services.pushless.node`, is in ./node.nix.
#
# There is no socket unit. The default for builds depends on the address that the registry listens on, and a socket of
# systemd doesn't state it. A start takes less than a second, and clients retry.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    fromJSON
    isBool
    isList
    mapAttrs
    replaceStrings
    toJSON
    ;
  inherit (lib)
    filterAttrs
    mapAttrs'
    mkEnableOption
    mkIf
    mkOption
    nameValuePair
    optional
    optionalAttrs
    toUpper
    types
    ;
  readText = import ./read-text.nix;

  cfg = config.services.pushless;

  inherit (import ./listen.nix cfg.listen) port;
  # The kernel limits who may bind these ports (ip_unprivileged_port_start).
  isPrivileged = port < 1024;
  capabilities = if isPrivileged then [ "CAP_NET_BIND_SERVICE" ] else [ "" ];

  # The settings that the module makes from options of its own, and the state directory that the unit has rights for.
  own = {
    listen = cfg.listen;
    # systemd makes the directory (StateDirectory). It is a cache: it may be deleted at any time.
    state = "/var/lib/pushless";
    serve-packages = cfg.servePackages;
  }
  // optionalAttrs (cfg.tokenFile != null) {
    # systemd's directory of credentials has a copy that only the service can read.
    token-file = "%d/token";
  };
  instead = {
    listen = "services.pushless.listen";
    state = "nothing: systemd makes its directory";
    serve-packages = "services.pushless.servePackages";
    token-file = "services.pushless.tokenFile";
  };

  # "hold" -> { type = "number"; minimum; maximum; description; }. scripts/settings-table.ts writes this file from the
  # server's own settings.
  known = fromJSON (readText ./settings.json);

  word = types.strMatching "[^[:space:]]+";
  typeOf =
    setting:
    if setting ? enum then
      types.enum setting.enum
    else if setting.isList or false then
      types.either types.str (types.listOf word)
    else
      {
        boolean = types.bool;
        string = types.str;
        integer = types.ints.between setting.minimum setting.maximum;
        number = types.numbers.between setting.minimum setting.maximum;
      }
      .${setting.type};

  toOption =
    name: setting:
    mkOption {
      type = if instead ? ${name} then types.anything else types.nullOr (typeOf setting);
      default = null;
      visible = !(instead ? ${name});
      inherit (setting) description;
    };

  # A % begins a specifier in units.
  toText =
    value:
    replaceStrings [ "%" ] [ "%%" ] (
      if isBool value then
        (if value then "true" else "false")
      else if isList value then
        concatStringsSep " " value
      else
        toString value
    );

  given = filterAttrs (_: value: value != null) cfg.settings;

  # log-level -> PUSHLESS_LOG_LEVEL
  toEnvironment = mapAttrs' (
    name: value: nameValuePair "PUSHLESS_${toUpper (replaceStrings [ "-" ] [ "_" ] name)}" value
  );
in
{
  # A module that is imported twice, in whatever form, counts once.
  key = "pushless#services.pushless";
  _file = "pushless, nix/module.nix";

  imports = [ ./node.nix ];

  options.services.pushless = {
    enable = mkEnableOption "pushless, an OCI registry that serves the Nix store";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = "pkgs.callPackage ./package.nix { }";
      description = "The pushless to run.";
    };

    listen = mkOption {
      type = types.str;
      default = "127.0.0.1:5000";
      example = "[::]:5000";
      description = "Address and port to listen on.";
    };

    servePackages = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether to serve any package in the store as an image, and not only what was built as one. Whoever reaches the
        registry can then read every store path whose hash they know.
      '';
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to open the port of `listen` in the firewall.";
    };

    tokenFile = mkOption {
      # It is a string: a path would be copied into the store, which everybody can read.
      type = types.nullOr (types.strMatching "/.*");
      default = null;
      example = "/run/secrets/pushless-token";
      description = ''
        File on the machine, as a string, with the token for what changes something. The service gets a copy of it
        (LoadCredential), so that root alone needs to be able to read it. A changed token counts after a restart;
        systemd 258 and later make a new copy on `systemctl reload`, too.
      '';
    };

    settings = mkOption {
      type = types.submodule { options = mapAttrs toOption known; };
      default = { };
      example = {
        hold = 25;
        log-level = "debug";
        systems = [
          "x86_64-linux"
          "aarch64-linux"
        ];
      };
      description = ''
        Further options of `pushless serve`, named as on its command line, without the dashes. What is separated by
        spaces there may be a list here.
      '';
    };

    extraFlags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "--verify" ];
      description = "Further words on the command line of `pushless serve`; they win over settings.";
    };
  };

  config = mkIf cfg.enable {
    assertions = map (name: {
      assertion = false;
      message =
        "services.pushless.settings.${name} is ${toJSON given.${name}}, "
        + "and the module sets it. Set instead: ${instead.${name}}";
    }) (filter (name: instead ? ${name}) (attrNames given));

    networking.firewall.allowedTCPPorts = optional cfg.openFirewall port;

    # The registry asks the daemon as a user that needs no trust. By default every user may ask.
    nix.settings.extra-allowed-users = [ "pushless" ];

    systemd.services.pushless = {
      description = "pushless, an OCI registry that serves the Nix store";
      wantedBy = [ "multi-user.target" ];
      wants = [ "nix-daemon.socket" ];
      after = [
        "network.target"
        "nix-daemon.socket"
      ];

      environment = toEnvironment (
        mapAttrs (_: toText) (removeAttrs given (attrNames instead))
        // mapAttrs (_: toText) (removeAttrs own [ "token-file" ])
        // optionalAttrs (own ? token-file) { inherit (own) token-file; }
      );

      serviceConfig = {
        ExecStart = utils.escapeSystemdExecArgs (
          [
            "${cfg.package}/bin/pushless"
            "serve"
          ]
          ++ cfg.extraFlags
        );
        # A reload reads the token again.
        ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
        Restart = "on-failure";
        LoadCredential =
          optional (cfg.tokenFile != null)
            "token:${replaceStrings [ "%" ] [ "%%" ] cfg.tokenFile}";

        # Everybody can read the store, and the Nix daemon accepts all users that nix.conf allows.
        DynamicUser = true;
        StateDirectory = "pushless";
        StateDirectoryMode = "0700";

        AmbientCapabilities = capabilities;
        CapabilityBoundingSet = capabilities;
        DeviceAllow = [ "" ];
        DevicePolicy = "closed";
        LockPersonality = true;
        # Node compiles at run time, so MemoryDenyWriteExecute can't be set.
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateMounts = true;
        PrivateTmp = true;
        # The daemon still sees the service's own user. A capability inside the namespace wouldn't count outside.
        PrivateUsers = !isPrivileged;
        # Node reads only its own process in /proc.
        ProcSubset = "pid";
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        ProtectSystem = "strict";
        RemoveIPC = true;
        RestrictAddressFamilies = [
          "AF_INET"
          "AF_INET6"
          "AF_UNIX"
        ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        SystemCallFilter = [
          "@system-service"
          "~@privileged"
          "~@resources"
        ];
        # A forbidden system call fails, as Node expects of one that doesn't exist. It doesn't kill the process.
        SystemCallErrorNumber = "EPERM";
        UMask = "0077";
      };
    };
  };
}
