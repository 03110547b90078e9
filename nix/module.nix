# NixOS: the registry as a service. Settings go to it as environment variables PUSHLESS_*, one for each option of
# `pushless serve`; the unit is allowed what a reader of the store needs, and nothing else. The other side, a node that
# pulls from it, is `services.pushless.node`, in ./node.nix.
#
# There is no socket unit. Whether builds are allowed where nothing is said depends on the address that is listened on,
# and a socket that systemd hands over doesn't say it; a start takes less than a second, and clients ask again.
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
    elemAt
    fromJSON
    head
    intersectAttrs
    isBool
    match
    toJSON
    ;
  inherit (lib)
    mapAttrs'
    mkEnableOption
    mkIf
    mkOption
    nameValuePair
    optional
    replaceStrings
    toUpper
    types
    ;

  cfg = config.services.pushless;

  # "127.0.0.1:5000", "[::]:5000" -> 5000
  port =
    let
      parts = match ".*:([1-9][0-9]{0,4})" cfg.listen;
    in
    if parts == null then
      throw "services.pushless: listen is ${toJSON cfg.listen}, expected an address and a port, such as \"127.0.0.1:5000\""
    else
      fromJSON (elemAt parts 0);
  # Ports below are for those who may bind them (ip_unprivileged_port_start).
  isPrivileged = port < 1024;
  capabilities = if isPrivileged then [ "CAP_NET_BIND_SERVICE" ] else [ "" ];

  # Settings with an option of their own, and the one that the unit's rights are made for.
  own = {
    listen = cfg.listen;
    # systemd makes it (StateDirectory). A cache: it may be deleted at any time.
    state = "/var/lib/pushless";
    serve-packages = cfg.servePackages;
  };
  twice = attrNames (intersectAttrs own cfg.settings);

  toText = value: if isBool value then (if value then "true" else "false") else toString value;

  # log-level -> PUSHLESS_LOG_LEVEL
  toEnvironment = mapAttrs' (
    name: value: nameValuePair "PUSHLESS_${toUpper (replaceStrings [ "-" ] [ "_" ] name)}" (toText value)
  );
in
{
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

    settings = mkOption {
      type = types.attrsOf (
        types.oneOf [
          types.bool
          types.int
          types.str
        ]
      );
      default = { };
      example = {
        hold = 25;
        log-level = "debug";
      };
      description = "Further options of `pushless serve`, named as on its command line, without the dashes.";
    };

    extraFlags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "--verify" ];
      description = "Further words on the command line of `pushless serve`; they win over settings.";
    };
  };

  config = mkIf cfg.enable {
    networking.firewall.allowedTCPPorts = optional cfg.openFirewall port;

    systemd.services.pushless = {
      description = "pushless, an OCI registry that serves the Nix store";
      wantedBy = [ "multi-user.target" ];
      wants = [ "nix-daemon.socket" ];
      after = [
        "network.target"
        "nix-daemon.socket"
      ];

      environment = toEnvironment (
        if twice == [ ] then
          cfg.settings // own
        else
          throw "services.pushless: settings ${toJSON (head twice)} is set by the module, expected another setting"
      );

      serviceConfig = {
        ExecStart = utils.escapeSystemdExecArgs (
          [
            "${cfg.package}/bin/pushless"
            "serve"
          ]
          ++ cfg.extraFlags
        );
        Restart = "on-failure";

        # The store is readable by all, and the Nix daemon's socket takes all whom nix.conf allows.
        DynamicUser = true;
        StateDirectory = "pushless";
        StateDirectoryMode = "0700";

        AmbientCapabilities = capabilities;
        CapabilityBoundingSet = capabilities;
        LockPersonality = true;
        # Node compiles at run time: no MemoryDenyWriteExecute.
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateTmp = true;
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
        ];
        # A call that isn't allowed fails, as Node expects of one that isn't there; it doesn't kill.
        SystemCallErrorNumber = "EPERM";
        UMask = "0077";
      };
    };
  };
}
