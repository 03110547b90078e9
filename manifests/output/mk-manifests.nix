# mkManifests :: { name; objects; pkgs ? null; format ? "json"; kustomize ? true;
#   kubernetesVersion ? kubernetes; } -> derivation
#
# A directory of objects, one file each, without directories in it, for kubectl follows no links to these. The order of
# the files' names is the order to apply them in, which is the order in which `kubectl apply -f ./result/` reads them:
#
#   10-namespace-shop.json  50-deployment-shop-web.json  Kustomization  objects.jsonl
#
# `Kustomization` is for `kubectl apply -k` and `objects.jsonl` is a line of JSON on each object: its file, its images
# with their store paths and derivations. `kubectl apply -f` leaves both alone (kustomization.nix, record.nix). What the
# directory refers to are its images: building it builds them, copying it copies them.
#
# Without `pkgs` it is one file, a `List`, as `list` makes it: what Nix has built in can't make a directory.
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
  # builder: objects -> objects: see ../check
  checkObjects,
  # name: objects -> derivation of a List
  list,
  # minor version of Kubernetes that they are checked for
  kubernetes,
}:
{
  # name of the directory in the store
  name,
  # list of objects
  objects,
  # nixpkgs: coreutils are all that is used of it
  pkgs ? null,
  # "json", or "yaml": one file an object, both
  format ? "json",
  # whether there shall be a file for `kubectl apply -k`
  kustomize ? true,
  # version of Kubernetes that the objects are for, such as "1.34": noted in objects.jsonl
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
