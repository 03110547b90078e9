/**
  Returns a CustomResourceDefinition. Objects of its kind are checked against its schema where both are in one set of
  manifests.
*/
let
  inherit (builtins)
    isAttrs
    isString
    map
    match
    removeAttrs
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  inherit (import ../objects/choice.nix) choice;
  inherit (import ../objects/name.nix) checkSubdomain;
  inherit (import ../objects/named-list.nix) namedList;

  # Kubernetes makes the name from the plural and the group, so a refusal shows the plural.
  who =
    args:
    if isString (args.plural or null) then
      named "customResourceDefinition" { name = args.plural; }
    else
      named "customResourceDefinition" { };

  # URLs are made of plurals and versions (DNS-1035).
  isPlural = text: isString text && match "[a-z]([-a-z0-9]*[a-z0-9])?" text != null;
  checkPlural =
    builder: plural:
    if isPlural plural then
      plural
    else
      refuse builder "plural" plural "lower case letters, digits and -";

  checkSchema =
    builder: field: schema:
    if isAttrs schema && schema.type or null == "object" then
      schema
    else
      refuse builder "${field}.schema.type" (
        if isAttrs schema then schema.type or null else schema
      ) ''"object"'';

  # A kind is in CamelCase. In lower case, it is a name of DNS.
  checkKind =
    builder: kind:
    if isString kind && match "[A-Z][A-Za-z0-9]{0,62}" kind != null then
      kind
    else
      refuse builder "kind" kind ''letters and digits, such as "Widget"'';

  # The API server wants a dot in a group: example.org.
  checkGroup =
    builder: group:
    if isString group && match ".*\\..*" group == null then
      refuse builder "group" group ''a domain with a dot in it, such as "example.org"''
    else
      checkSubdomain builder "group" group;

  toVersion =
    builder: field: name: version:
    if !isPlainSet version then
      refuse builder field version "an attribute set with `schema` in it"
    else
      {
        served = true;
      }
      // removeAttrs version [ "schema" ]
      // {
        name =
          if isPlural name then
            name
          else
            refuse builder "a name in versions" name ''a version, such as "v1" or "v1beta1"'';
        schema.openAPIV3Schema = checkSchema builder field (
          version.schema.openAPIV3Schema or version.schema or (throw "${builder}: ${field}.schema is missing")
        );
      };

  toVersions =
    builder: versions:
    let
      listed = namedList { toItem = toVersion; } builder "versions" versions;
      only = builtins.length listed == 1;
      stored = map (
        version: if only then { storage = true; } // version else { storage = false; } // version
      ) listed;
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
  group ? throw "${who args}: group is missing",
  # "Widget"
  kind ? throw "${who args}: kind is missing",
  # "widgets"
  plural ? throw "${who args}: plural is missing",
  # "Namespaced" or "Cluster"
  scope ? "Namespaced",
  # further names: singular, shortNames, categories, listKind
  names ? { },
  # { v1.schema = { type = "object"; properties = { ... }; }; }
  versions ? throw "${who args}: versions is missing",
  ...
}@args:
let
  builder = who args;
in
{
  apiVersion = "apiextensions.k8s.io/v1";
  kind = "CustomResourceDefinition";
  metadata =
    toMetadata
      {
        inherit builder;
        namespaced = false;
      }
      (
        args
        // {
          name = "${checkPlural builder plural}.${checkGroup builder group}";
        }
      );
  spec =
    removeAttrs (withoutMetadata args) [
      "kind"
      "plural"
      "names"
      "versions"
    ]
    // {
      inherit group;
      scope = choice builder "scope" [
        "Namespaced"
        "Cluster"
      ] scope;
      names = {
        inherit plural;
        kind = checkKind builder kind;
      }
      // names;
      versions = toVersions builder versions;
    };
}
