# The image of a container: a derivation or a store path becomes the reference under which the registry serves it, and
# other strings stay what they are.
{ imageRef }:
let
  inherit (builtins)
    isAttrs
    isPath
    isString
    match
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../../nix/store-path.nix) parse;

  isOurs = image: (isAttrs image && image ? outPath) || isPath image || (isString image && parse image != null);
in
{
  # Whether it is one that a registry of ours serves: a derivation or a store path.
  inherit isOurs;

  toImage =
    builder: field: image:
    if isOurs image then
      imageRef { inherit image; }
    else if !isString image then
      refuse builder field image "an image: a derivation, or a reference in a string"
    else if match "[^/]+//.*" image != null then
      refuse builder field image "a reference without an empty part, for kubelet refuses `//`: write `image = <the derivation>`, which spells it right"
    else if match "[^[:space:]]+" image == null then
      refuse builder field image "a reference without spaces, that isn't empty"
    else
      image;
}
