/**
  Returns the files of a flat directory of objects, as texts: each object, the Kustomization, and the record.
*/
let
  inherit (builtins)
    attrNames
    map
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  nameFiles = import ./file-names.nix;
  withOrigins = import ./origins.nix;
  kustomization = import ./kustomization.nix;
  record = import ./record.nix;

  writers = {
    json = import ./pretty-json.nix;
    yaml = import ./yaml.nix;
  };
in
{
  # the builder that refuses
  builder,
  # objects that are checked already
  objects,
  # "json" or "yaml"
  format,
  # whether there is a Kustomization
  kustomize,
  # version of Kubernetes such as "1.34", or null
  kubernetesVersion,
}:
let
  write = writers.${format};
  files = map (
    { base, object }:
    {
      inherit object;
      file = "${base}.${format}";
    }
  ) (nameFiles objects);
  text = name: text: { inherit name text; };
in
if !(builtins.isString format && writers ? ${format}) then
  refuse builder "format" format (
    builtins.concatStringsSep " or " (map builtins.toJSON (attrNames writers))
  )
else
  # [ { name; text; } ]
  map ({ file, object, ... }: text file (write (withOrigins object))) files
  ++ (
    if kustomize then
      [ (text kustomization.name (kustomization.text (map (item: item.file) files))) ]
    else
      [ ]
  )
  ++ [ (text record.name (record.text kubernetesVersion files)) ]
