# The names that can stand in an image reference without a change. kubelet, containerd, Docker, podman and CRI-O share
# the grammar (distribution/reference, regexp.go): lower case letters and digits, with single separators `.`, `_`,
# `__` or any run of `-` between them.
let
  inherit (builtins)
    concatStringsSep
    elemAt
    isString
    match
    split
    stringLength
    substring
    ;
  inherit (import ./letters.nix) lowerCase;

  # References are limited to 255 characters, host and path together (distribution/reference before 0.6, and
  # containers/image): "nix.internal/nix/store/", the hash and "-" take 56 of them.
  maxLength = 199;

  isComponent =
    text: stringLength text <= 255 && match "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*" text != null;

  isImageName = text: isString text && stringLength text <= maxLength && isComponent text;

  /**
    Returns the nearest legal name. It changes letters to lower case, replaces each illegal run by "-", trims both
    ends, and cuts the text to the limit.
  */
  suggest =
    text:
    let
      separator = run: if match "\\.|_|__|-+" run == null then "-" else run;
      parts = map (part: if isString part then part else separator (elemAt part 0)) (
        split "([^a-z0-9]+)" (lowerCase (substring 0 (2 * maxLength) text))
      );
      trimmed = match "[^a-z0-9]*(.*)" (concatStringsSep "" parts);
      cut = match "(.*[a-z0-9])[^a-z0-9]*" (substring 0 maxLength (elemAt trimmed 0));
    in
    if cut == null then "image" else elemAt cut 0;
in
{
  inherit
    isComponent
    isImageName
    suggest
    maxLength
    ;
}
