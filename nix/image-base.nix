# What an image builds upon: its store path. An image of ours says what it is for; others are looked at when they are
# served.
let
  inherit (builtins) isAttrs toJSON;
  inherit (import ./refuse.nix) refuse;
  inherit (import ./store-path.nix) toStorePath;

  builder = "image";
in
# OCI name of the architecture that the image above is for
architecture:
# a derivation or store path, as `fromImage` has it
base:
let
  said = if isAttrs base then base.architecture or null else null;
in
if isAttrs base && base ? platforms then
  refuse builder "fromImage" base "an image for one platform: one of those in its `platforms`"
else if said != null && said != architecture then
  throw "${builder}: fromImage is an image for ${toJSON said}, expected one for ${toJSON architecture}"
else
  toStorePath builder "fromImage" base
