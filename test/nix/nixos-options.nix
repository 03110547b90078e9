# The options of NixOS that nix/module.nix and nix/node.nix define or read, of the types that they have in nixpkgs, for
# `lib.evalModules` of nixpkgs' real lib without the rest of NixOS.
{ lib, config, ... }:
let
  inherit (lib) mkEnableOption mkOption types;
  anything = types.attrsOf types.anything;
  # As pkgs.formats.toml has it.
  toml = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
      types.path
      (types.attrsOf toml)
      (types.listOf toml)
    ]
  );
  optionOf =
    type: default:
    mkOption {
      inherit type default;
    };
in
{
  options = {
    assertions = optionOf (types.listOf types.unspecified) [ ];
    environment.etc = optionOf (types.attrsOf (
      types.submodule (
        { config, options, ... }:
        {
          options = {
            text = optionOf (types.nullOr types.lines) null;
            source = mkOption { type = types.path; };
          };
          config.source = lib.mkIf (config.text != null) (
            lib.mkDerivedConfig options.text (builtins.toFile "etc-file")
          );
        }
      )
    )) { };
    networking.firewall.allowedTCPPorts = optionOf (types.listOf types.port) [ ];
    nix.settings = optionOf (types.submodule { freeformType = anything; }) { };
    systemd.package = optionOf types.unspecified { version = "260.1"; };
    systemd.services = optionOf (types.attrsOf (
      types.submodule {
        freeformType = anything;
        options = {
          environment = optionOf (types.attrsOf (types.nullOr types.str)) { };
          restartTriggers = optionOf (types.listOf types.unspecified) [ ];
          serviceConfig = optionOf (types.attrsOf types.unspecified) { };
        };
      }
    )) { };
    virtualisation.containerd = {
      enable = mkEnableOption "containerd";
      configFile = optionOf (types.nullOr types.path) null;
      settings = optionOf toml { };
    };
    virtualisation.containers.enable = mkEnableOption "containers";
    services.k3s.enable = mkEnableOption "k3s";
    services.k3s.extraFlags = optionOf (types.either types.str (types.listOf types.str)) "";
    services.rke2.enable = mkEnableOption "rke2";
    services.rke2.role = optionOf (types.enum [
      "server"
      "agent"
    ]) "server";
    services.rke2.extraFlags = optionOf (types.listOf types.str) [ ];
  };

  # As NixOS' own module for containerd does it.
  config.virtualisation.containerd.settings = lib.mkIf config.virtualisation.containerd.enable {
    version = lib.mkDefault 2;
    plugins."io.containerd.grpc.v1.cri".cni.bin_dir = lib.mkOptionDefault "/opt/cni/bin";
  };
}
