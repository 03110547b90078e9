# As much of nixpkgs as the flake uses: legacyPackages with callPackage, and derivations that are never built.
let
  lib = import ./lib.nix;

  packagesFor =
    system:
    let
      make =
        name: more:
        derivation (
          {
            inherit name system;
            builder = "/bin/sh";
          }
          // more
        );

      pkgs = {
        inherit lib;
        cacert = make "cacert" { };
        coreutils = make "coreutils" { };
        erofs-utils = make "erofs-utils" { };
        esbuild = make "esbuild" { };
        makeWrapper = make "make-wrapper" { };
        nodejs_24 = make "nodejs" { };
        patchelf = make "patchelf" { };
        pkgsStatic.busybox = make "busybox" { };

        stdenvNoCC.buildPlatform.canExecute = _: true;
        stdenvNoCC.hostPlatform = { };
        stdenvNoCC.mkDerivation =
          {
            passthru ? { },
            meta ? { },
            ...
          }@args:
          make "${args.pname}-${args.version}" (
            removeAttrs args [
              "passthru"
              "meta"
            ]
          )
          // passthru
          // {
            inherit meta;
          };

        callPackage =
          file: overrides:
          let
            make = import file;
          in
          make (builtins.intersectAttrs (builtins.functionArgs make) pkgs // overrides);
      };
    in
    pkgs;
in
{
  inherit lib;
  legacyPackages = lib.genAttrs [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "aarch64-darwin"
  ] packagesFor;
}
