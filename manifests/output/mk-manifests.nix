/**
  Returns the derivation of a directory of objects, one file each. It has no directories in it, since kubectl follows
  no links to them. The order of the names is the order in which `kubectl apply -f ./result/` reads the files:

      10-namespace-shop.json  50-deployment-shop-web.json  Kustomization  objects.jsonl

  `Kustomization` is for `kubectl apply -k`. `objects.jsonl` has a line of JSON for each object: its file, and its
  images with their store paths and derivations. `kubectl apply -f` ignores both (kustomization.nix, record.nix). The
  references of the directory are its images: building it builds them, and copying it copies them.

  Without `pkgs` the result is one file, a `List`, as `list` makes it. Nix's own builtins can't make a directory.

  # Type

      mkManifests :: { name; objects; pkgs ? null; format ? "json"; kustomize ? true; kubernetesVersion ? kubernetes; }
        -> derivation
*/
let
  inherit (import ../../nix/refuse.nix) refuse;
  checkName = import ./check-name.nix;
  directory = import ./directory.nix;
  flatFiles = import ./flat-files.nix;
  packages = import ./packages.nix;

  builder = "mkManifests";
in
{
  # Nix system of the library
  system,
  # function that checks objects, builder: objects -> objects: see ../check
  checkObjects,
  # function that makes a List, name: objects -> derivation
  list,
  # minor version of Kubernetes that the objects are checked for
  kubernetes,
}:
{
  # name of the directory in the store
  name,
  # list of objects
  objects,
  # nixpkgs, or a set that has coreutils
  pkgs ? null,
  # "json" or "yaml". Both have one file for each object
  format ? "json",
  # whether there is a file for `kubectl apply -k`
  kustomize ? true,
  # version of Kubernetes that the objects are for, such as "1.34". objects.jsonl states it
  kubernetesVersion ? kubernetes,
}:
if pkgs == null then
  (
    if format == "json" then
      list name objects
    else
      refuse builder "format" format ''"json", since there are no `pkgs`''
  )
else
  directory (
    packages builder system pkgs
    // {
      name = checkName builder name;
      files = flatFiles {
        inherit
          builder
          format
          kustomize
          kubernetesVersion
          ;
        objects = checkObjects builder objects;
      };
    }
  )
