/**
  Returns the parts of `pkgs` that a build of several files needs. `pkgs` is nixpkgs, or a set with these parts.
*/
let
  inherit (builtins) isAttrs;
  inherit (import ../../nix/refuse.nix) refuse;
in
# builder: system of the library: pkgs -> { system; coreutils; }
builder: librarySystem: pkgs:
if !isAttrs pkgs then
  refuse builder "pkgs" pkgs "nixpkgs, or an attribute set with `coreutils` in it"
else if !(pkgs ? coreutils) then
  throw "${builder}: pkgs.coreutils is missing"
else
  {
    inherit (pkgs) coreutils;
    system =
      if pkgs ? stdenv.hostPlatform.system then
        pkgs.stdenv.hostPlatform.system
      else if pkgs ? system then
        pkgs.system
      else if librarySystem != null then
        librarySystem
      else
        throw (
          "${builder}: system is unknown, "
          + "expected pkgs.stdenv.hostPlatform.system, or `import ./manifests { system = \"x86_64-linux\"; }`"
        );
  }
