/**
  The Nix library of pushless. It needs Nix 2.8 or later, and nothing else: no nixpkgs, no flakes.

  # Example

      inherit (import ./nix { }) image;
*/
{ }:
{
  /**
    Returns the derivation of an image. Its reference is the attribute `imageRef`.

    # Example

        image { name = "greeter"; contents = [ hello ]; }
  */
  image = import ./image.nix;

  /**
    Returns the reference under which a registry serves an image.

    # Example

        imageRef { image = greeter; } => "nix.internal/nix/store/<hash>-greeter:nix"
  */
  imageRef = import ./image-ref.nix;

  /**
    Tells whether a name can stand in an image reference. `suggestImageName` returns the nearest name that can.

    # Example

        isImageName "gtk+3" => false
        suggestImageName "gtk+3" => "gtk-3"
  */
  inherit (import ./oci-name.nix) isImageName;
  suggestImageName = (import ./oci-name.nix).suggest;

  /**
    Returns an image of another builder with metadata of its packages: licences, homepages, identifiers.

    # Example

        withMetadata { image = dockerTools.buildImage { … }; packages = [ hello ]; }
  */
  withMetadata = import ./metadata.nix;

  /**
    Returns the derivation of one JSON file.

    # Example

        jsonFile { name = "a.json"; system = "x86_64-linux"; value.a = 1; }
  */
  jsonFile = import ./json-file.nix;
}
