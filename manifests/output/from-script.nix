/**
  Returns the derivation of a directory of manifests, as mkManifests makes it, from the output of any generator. A
  script prints YAML or JSON, or makes a directory of such files at $out. The map `images` replaces each image by a
  reference:

      "ghcr.io/x/y:1"    that tag              "redis"    every tag of docker.io/library/redis

  The build fails for an image that isn't in the map, and names the object and the field. `allow` has patterns of
  images that may stay; `*` stands for any text. The script's output is `.source`: a change of images doesn't run the
  script again.

  # Type

      fromScript :: { name; script ? null; builder ? null; tools ? [ ]; images ? { }; allow ? [ ]; pkgs; pushless;
        kubernetesVersion ? kubernetes; check ? true; } -> derivation
*/
let
  inherit (builtins) isString;
  inherit (import ../../nix/refuse.nix) refuse;
  checkName = import ./check-name.nix;
  generated = import ./generated.nix;
  packages = import ./packages.nix;
  rewritten = import ./rewritten.nix;

  this = "fromScript";
in
{
  # Nix system of the library
  system,
  # { image; } -> reference
  imageRef,
  # minor version of Kubernetes that the library is set to
  kubernetes,
  # CustomResourceDefinitions that the library is set to
  schemas,
}:
{
  # name of the directory in the store
  name,
  # shell script that prints manifests, or makes $out
  script ? null,
  # path of a program that does the same, instead of a script
  builder ? null,
  # packages whose programs are on the script's PATH, beside coreutils
  tools ? [ ],
  # { "ghcr.io/x/y:1" = <derivation, store path or reference>; }
  images ? { },
  # list of patterns of images that may stay: [ "docker.io/library/*" ]
  allow ? [ ],
  # nixpkgs, or a set that has coreutils
  pkgs,
  # package of pushless: pkgs.callPackage ./nix/package.nix { }
  pushless,
  # version of Kubernetes that the objects are for, such as "1.34". objects.jsonl states it
  kubernetesVersion ? kubernetes,
  # whether the result is checked as mkManifests checks its objects
  check ? true,
}:
let
  used = packages this system pkgs;
  text =
    if (script == null) == (builder == null) then
      throw "${this}: expected either script or builder"
    else if script != null then
      (if isString script then script else refuse this "script" script "a shell script, as a string")
    else
      ''exec "${builder}"'';
  source = generated {
    builder = this;
    name = "${checkName this name}-source";
    inherit (used) system coreutils;
    inherit tools;
    script = text;
  };
in
rewritten {
  builder = this;
  inherit
    name
    source
    images
    allow
    pushless
    kubernetesVersion
    imageRef
    check
    kubernetes
    schemas
    ;
  inherit (used) system;
}
// {
  inherit source;
}
