# What an image builds upon: its store path. An image of ours says what it is for; others are looked at when they are
# served.
let
  inherit (builtins) isAttrs toJSON;
  inherit (import ./store-path.nix) toStorePath;
  baseForPlatform = import ./base-for-platform.nix;

  builder = "image";
in
# { architecture; variant ?; } that the image above is for
platform:
# a derivation or store path, as `fromImage` has it
base:
let
  said = if isAttrs base then base.architecture or null else null;
in
if isAttrs base && base ? platforms then
  baseForPlatform builder platform base
else if said != null && said != platform.architecture then
  throw "${builder}: fromImage is an image for ${toJSON said}, expected one for ${toJSON platform.architecture}"
else
  toStorePath builder "fromImage" base
