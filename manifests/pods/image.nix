# The image of a container: a derivation or a store path becomes the reference under which the registry serves it, and
# other strings stay what they are.
#
# What a derivation makes isn't known before it is built, so only what can't be an image is refused. A package of
# nixpkgs is a warning: registries refuse those unless they were told to serve them.
{
  # { image } -> reference
  imageRef,
  # whether the registry serves packages, too
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

  # Archives, scripts that stream (dockerTools), and the JSON of nix2container.
  isImageName = name: match "stream-.*|.*\\.(tar|tar\\.gz|tgz|tar\\.zst|tar\\.xz|json)" name != null;

  # What image builders say of what they make: nixpkgs' dockerTools and this library, nix2container.
  isImage =
    image:
    image ? imageName || image ? imageTag || image ? copyToRegistry || isImageName (image.name or "");

  # What nixpkgs says of programs, and of no image.
  isPackage =
    image:
    image.type or null == "derivation"
    && (image ? pname || image.meta.mainProgram or null != null)
    && !isImage image;

  # A derivation, path or store path that isn't surely wrong.
  toReference =
    builder: field: image:
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
      trace
        (
          "warning: ${builder}: ${field} is ${image.name}, a package and not an image, "
          + "which registries serve with --serve-packages only; "
          + "expected image { name = \"...\"; contents = [ <the package> ]; }"
        )
        (imageRef {
          inherit image;
        })
    else
      imageRef { inherit image; };
in
{
  # Whether it is one that a registry of ours serves: a derivation or a store path.
  inherit isOurs;

  toImage =
    builder: field: image:
    if isOurs image then
      toReference builder field image
    else if !isString image then
      refuse builder field image "an image: a derivation, or a reference in a string"
    else if match "[^/]+//.*" image != null then
      refuse builder field image (
        "a reference without an empty part, for kubelet refuses `//`: write `image = <the derivation>`, "
        + "which spells it right"
      )
    else if match "[^[:space:]]+" image == null then
      refuse builder field image "a reference without spaces, that isn't empty"
    else
      image;
}
