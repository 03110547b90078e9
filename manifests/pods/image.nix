# The image of a container. A derivation or a store path becomes the reference under which the registry serves it.
# Every other string stays as it is.
#
# The content of a derivation isn't known before it is built, so only what can't be an image is refused. A package of
# nixpkgs makes a warning, since registries refuse packages unless they are configured to serve them.
{
  # { image; layers ? } -> reference
  imageRef,
  # whether the registry also serves packages
  servePackages ? false,
  ...
}:
let
  inherit (builtins)
    isAttrs
    isPath
    isString
    match
    trace
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../../nix/store-path.nix) parse;

  isOurs =
    image:
    (isAttrs image && image ? outPath) || isPath image || (isString image && parse image != null);

  # Archives, scripts that print an archive (dockerTools), and the JSON of nix2container.
  isImageName = name: match "stream-.*|.*\\.(tar|tar\\.gz|tgz|tar\\.zst|tar\\.xz|json)" name != null;

  # The marks that image builders leave: nixpkgs' dockerTools and this library, nix2container.
  isImage =
    image:
    image ? imageName || image ? imageTag || image ? copyToRegistry || isImageName (image.name or "");

  # The marks that nixpkgs leaves on programs, and not on images.
  isPackage =
    image:
    image.type or null == "derivation"
    && (image ? pname || image.meta.mainProgram or null != null)
    && !isImage image;

  # Returns the reference of a derivation, a path or a store path, unless it certainly isn't an image.
  toReference =
    more: builder: field: image:
    if isAttrs image && image._type or null == "flake" then
      throw (
        "${builder}: ${field} is a whole flake, "
        + "expected an image among its packages: <flake>.packages.<system>.<name>"
      )
    else if isAttrs image && (!isString image.outPath || parse image.outPath == null) then
      refuse builder field image
        "one whose output path is known when evaluating (this one's is content-addressed)"
    else if isPath image && match ".*\\.nix" (toString image) != null then
      refuse builder field image "the image and not the Nix file that makes it: write `import` before it"
    else if isAttrs image && isPackage image && !servePackages then
      trace (
        "warning: ${builder}: ${field} is ${image.name}, a package and not an image, "
        + "which registries serve with --serve-packages only; "
        + "expected image { name = \"...\"; contents = [ <the package> ]; }"
      ) (imageRef ({ inherit image; } // more))
    else
      imageRef ({ inherit image; } // more);

  toImage = toImageWith { };

  # more: { } or { layers; }
  toImageWith =
    more: builder: field: image:
    if isOurs image then
      toReference more builder field image
    else if !isString image then
      refuse builder field image "an image: a derivation, or a reference in a string"
    else if match "[^/]+//.*" image != null then
      refuse builder field image (
        "a reference without an empty part, for kubelet refuses `//`: write `image = <the derivation>`, "
        + "which spells it right"
      )
    else if match "[^[:space:]]+" image == null then
      refuse builder field image "a reference without spaces, that isn't empty"
    else if more != { } then
      refuse builder field image
        "an image of this registry, a derivation or a store path, since `layers` is given"
    else
      image;
in
{
  /**
    Tells whether a registry of ours serves the image: whether it is a derivation or a store path.
  */
  inherit isOurs;

  inherit toImage toImageWith;
}
