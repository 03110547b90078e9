/**
  Returns an image with the same content as another, and with metadata of packages beside it. It is for images of other
  builders (dockerTools, nix2container, …); `image` of this library does it by itself.

  # Example

      withMetadata { image = dockerTools.buildImage { … }; packages = [ hello ]; }
*/
let
  makeImage = import ./image.nix;
  inherit (import ./refuse.nix) refuse;
  inherit (import ./oci-name.nix) suggest;
in
{
  # the image: a derivation of any kind that the registry serves
  image,
  # the packages in it, as far as evaluation can name them; those that these need are found
  packages,
  # name of the image with metadata. The default is that of `image`
  name ? null,
}:
if !builtins.isList packages then
  refuse "withMetadata" "packages" packages "a list of derivations"
else
  makeImage (
    {
      name = if name == null then suggest (image.name or "image") else name;
      fromImage = image;
      metadata = packages;
    }
    // (if image ? system then { inherit (image) system; } else { })
  )
