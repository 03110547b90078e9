# The Nix library of pushless. Needs Nix 2.8 or later, and nothing else: no nixpkgs, no flakes.
#
#   inherit (import ./nix { }) image;
{ }:
{
  # image { name = "greeter"; contents = [ hello ]; ... } -> a derivation, and its reference as `.imageRef`
  image = import ./image.nix;

  # imageRef { image = ...; registry ? "nix.internal"; mode ? "out"; } -> "nix.internal/nix/store/<hash>-<name>:nix"
  imageRef = import ./image-ref.nix;

  # isImageName "gtk+3" -> false; suggestImageName "gtk+3" -> "gtk-3"
  inherit (import ./oci-name.nix) isImageName;
  suggestImageName = (import ./oci-name.nix).suggest;

  # jsonFile { name; system; value; } -> the derivation of one JSON file
  jsonFile = import ./json-file.nix;
}
