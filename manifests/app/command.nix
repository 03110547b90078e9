/**
  Returns what `pushless manifests FILE` builds: the objects of all applications in a JSON file, as one `List`.
*/
{
  # path of the JSON file, in a string
  file,
  # as in ../default.nix
  registry ? "nix.internal",
  mode ? "out",
}:
let
  inherit (import ../. { inherit registry mode; }) appFile list;
in
list "manifests" (appFile (/. + file))
