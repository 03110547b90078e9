/**
  Returns the store path of the image that another image builds upon. An image of this library states its platform,
  which is checked here. The registry checks other images when it serves them.
*/
let
  inherit (builtins) isAttrs toJSON;
  inherit (import ./store-path.nix) toStorePath;
  baseForPlatform = import ./base-for-platform.nix;

  builder = "image";
in
# the platform of the image above: { architecture; variant ?; }
platform:
# the base: a derivation or a store path, as `fromImage` takes it
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
