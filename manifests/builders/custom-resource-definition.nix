# A CustomResourceDefinition. Objects of its kind are checked against its schema where both are in one set of manifests.
let
  inherit (builtins)
    elem
    isAttrs
    isString
    map
    match
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;
  inherit (import ../objects/name.nix) checkSubdomain;
  inherit (import ../objects/named-list.nix) namedList;

  builder = "customResourceDefinition";

  # MustMatch of apiextensions: names that URLs are made of
  isPlural = text: isString text && match "[a-z]([-a-z0-9]*[a-z0-9])?" text != null;

  toVersion =
    builder: field: name: version:
    if !isAttrs version || version ? outPath then
      refuse builder field version "an attribute set with `schema` in it"
    else
      {
        served = true;
      }
      // removeAttrs version [ "schema" ]
      // {
        inherit name;
        schema.openAPIV3Schema =
          version.schema.openAPIV3Schema or version.schema or (throw "${builder}: ${field}.schema is missing");
      };

  toVersions =
    versions:
    let
      listed = namedList { toItem = toVersion; } builder "versions" versions;
      only = builtins.length listed == 1;
      stored = map (version: if only then { storage = true; } // version else { storage = false; } // version) listed;
      count = builtins.length (builtins.filter (version: version.storage) stored);
    in
    if count == 1 then
      stored
    else
      throw "${builder}: versions has ${toString count} with storage = true, expected one";
in
# labels, annotations, metadata, and the fields of CustomResourceDefinitionSpec
{
  # "example.org"
  group ? throw "${builder}: group is missing",
  # "Widget"
  kind ? throw "${builder}: kind is missing",
  # "widgets"
  plural ? throw "${builder}: plural is missing",
  # "Namespaced" or "Cluster"
  scope ? "Namespaced",
  # more names: singular, shortNames, categories, listKind
  names ? { },
  # { v1.schema = { type = "object"; properties = { ... }; }; }
  versions ? throw "${builder}: versions is missing",
  ...
}@args:
{
  apiVersion = "apiextensions.k8s.io/v1";
  kind = "CustomResourceDefinition";
  metadata = toMetadata {
    inherit builder;
    namespaced = false;
  } (args // { name = "${if isPlural plural then plural else refuse builder "plural" plural "lower case letters, digits and -"}.${checkSubdomain builder "group" group}"; });
  spec =
    removeAttrs (withoutMetadata args) [
      "kind"
      "plural"
      "names"
      "versions"
    ]
    // {
      inherit group;
      scope =
        if
          elem scope [
            "Namespaced"
            "Cluster"
          ]
        then
          scope
        else
          refuse builder "scope" scope ''"Namespaced" or "Cluster"'';
      names = {
        inherit kind plural;
      }
      // names;
      versions = toVersions versions;
    };
}
