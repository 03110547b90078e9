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
    mkRenamedOptionModule
    nameValuePair
    optional
    optionalAttrs
    toUpper
    types
    versionAtLeast
    ;
  readText = import ./read-text.nix;

  cfg = config.services.pushless;

  inherit (import ./listen.nix cfg.listen) port;
  # The kernel limits who may bind these ports (ip_unprivileged_port_start).
  isPrivileged = port < 1024;
  capabilities = if isPrivileged then [ "CAP_NET_BIND_SERVICE" ] else [ "" ];

  # Only root may use the socket of the container runtime. The service is root without capabilities then.
  isZeroCopy = given.zero-copy or false;
  nri = dirOf (given.nri-socket or "/run/nri/nri.sock");

  # The settings that the module makes from options of its own, and the state directory that the unit has rights for.
  own = {
    listen = cfg.listen;
    # systemd makes the directory (StateDirectory). It is a cache: it may be deleted at any time.
    state = "/var/lib/pushless";
    serve-packages = cfg.servePackages;
  };
  instead = {
    listen = "services.pushless.listen";
    state = "nothing: systemd makes its directory";
    serve-packages = "services.pushless.servePackages";
  };

  # Setting -> file of which systemd gives the service a copy, in a directory that no other user can read.
  credentials = filterAttrs (_: file: file != null) cfg.credentials;

  # "hold" -> { type = "number"; minimum; maximum; description; }, and isFile or isList. scripts/settings-table.ts
  # writes this file from the server's own settings.
  known = fromJSON (readText ./settings.json);
  isFile = setting: setting.isFile or false;

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

  # It is a string: a path would be copied into the store, which everybody can read.
  file = types.strMatching "/.*";

  toCredential =
    _: setting:
    mkOption {
      type = types.nullOr file;
      default = null;
      inherit (setting) description;
    };

  # A % begins a specifier in units.
  escape = replaceStrings [ "%" ] [ "%%" ];
  toText =
    value:
    escape (
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

  imports = [
    ./node.nix
    (mkRenamedOptionModule
      [ "services" "pushless" "tokenFile" ]
      [ "services" "pushless" "credentials" "token-file" ]
    )
  ];

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

    credentials = mkOption {
      type = types.submodule { options = mapAttrs toCredential (filterAttrs (_: isFile) known); };
      default = { };
      example = {
        token-file = "/run/secrets/pushless-token";
        auth = "/run/secrets/pushless-auth.yaml";
      };
      description = ''
        Files on the machine, as strings, by the option of `pushless serve` that takes each. The service gets copies of
        them (LoadCredential), so that root alone needs to be able to read the files. systemd makes the copies when the
        service starts, and version 260 and later also on `systemctl reload pushless`. A file that must count as soon as
        it changes, such as a certificate, belongs in `settings` instead.
      '';
    };

    groups = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "acme" ];
      description = ''
        Groups that the service is in, beside its own. It can then read files of these groups that `settings` names,
        such as certificates of `security.acme`.
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
    assertions =
      map (name: {
        assertion = false;
        message =
          "services.pushless.settings.${name} is ${toJSON given.${name}}, "
          + "and the module sets it. Set instead: ${instead.${name}}";
      }) (filter (name: instead ? ${name}) (attrNames given))
      ++ map (name: {
        assertion = false;
        message =
          "services.pushless.settings.${name} is set beside services.pushless.credentials.${name}. "
          + "Set one: systemd copies the file of the second, and the service reads that of the first itself";
      }) (filter (name: given ? ${name}) (attrNames credentials));

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
      ]
      ++ optional isZeroCopy "containerd.service";

      environment = toEnvironment (
        mapAttrs (_: toText) (removeAttrs given (attrNames instead))
        // mapAttrs (_: toText) own
        // mapAttrs (name: _: "%d/${name}") credentials
      );

      serviceConfig = {
        ExecStart = utils.escapeSystemdExecArgs (
          [
            "${cfg.package}/bin/pushless"
            "serve"
          ]
          ++ cfg.extraFlags
        );
        # A reload reads the files again.
        ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
        Restart = "on-failure";
        LoadCredential = map (name: "${name}:${escape credentials.${name}}") (attrNames credentials);
        SupplementaryGroups = cfg.groups;

        # Everybody can read the store, and the Nix daemon accepts all users that nix.conf allows.
        DynamicUser = !isZeroCopy;
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
        PrivateUsers = !isPrivileged && !isZeroCopy;
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
      }
      # The lock that lets one registry of the node do so lies beside the socket.
      // optionalAttrs isZeroCopy { ReadWritePaths = [ "-${nri}" ]; }
      # Older versions know no such setting, and warn of it.
      // optionalAttrs (versionAtLeast config.systemd.package.version "260") {
        RefreshOnReload = "credentials";
      };
    };
  };
}
