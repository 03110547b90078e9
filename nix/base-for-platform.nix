# Checks that a base for several platforms, made by `image`, has an image for the platform that is built upon it. The
# registry selects the base's image for that platform. It reads other lists of images when it serves them, so they
# pass.
let
  inherit (builtins)
    concatStringsSep
    filter
    head
    map
    toJSON
    ;
  inherit (import ./store-path.nix) toStorePath;

  nameOf =
    platform:
    toJSON (
      "linux/${platform.architecture}" + (if platform ? variant then "/${platform.variant}" else "")
    );
in
/**
  Returns the path of the whole list.
*/
builder: wanted: base:
let
  # Variants are compared where both images have one, as in src/core/oci/platform.ts.
  fits =
    { platform, ... }:
    platform.architecture == wanted.architecture
    && (platform.variant or wanted.variant or null) == (wanted.variant or platform.variant or null);
  fitting = filter fits base.platforms;
  has = concatStringsSep ", " (map (entry: nameOf entry.platform) base.platforms);
in
if fitting == [ ] then
  throw "${builder}: fromImage has images for ${has}, expected one for ${nameOf wanted}"
else if !(head fitting ? image) then
  throw ''${builder}: fromImage has its image for ${nameOf wanted} in mode "drv", expected "out"''
else
  toStorePath builder "fromImage" base
