# A base that is one of our images for several platforms, checked to have an image for the one that is built upon it.
# The registry takes that one of them, of other lists too, which are looked at when they are served.
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
# -> the path of the whole list
builder: wanted: base:
let
  # A variant counts where both say one, as in src/core/oci/platform.ts.
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
