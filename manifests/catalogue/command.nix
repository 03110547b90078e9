/**
  Returns what `pushless catalogue` evaluates: the entries of a catalogue without their functions, or, with `request`,
  the derivation of one of them. All that it is given comes in files and plain strings, and none of it is read as an
  expression.
*/
{
  # path of the catalogue's Nix file, in a string
  catalogue ? null,
  # instead, path of a JSON file in a string: a flake whose inputs are in the store (./call-flake.nix)
  flake ? null,
  # path of a JSON file in a string: { name; version; values; }
  request ? null,
  # as in ../default.nix
  registry ? "nix.internal",
  mode ? "out",
}:
let
  inherit (builtins)
    fromJSON
    functionArgs
    intersectAttrs
    isAttrs
    isFunction
    mapAttrs
    readFile
    ;
  inherit (import ../../nix/refuse.nix) refuse;

  nix = import ../../nix { };
  manifests = import ../. { inherit registry mode; };
  libraries = {
    inherit nix manifests;
    pushless = nix // manifests;
    system = builtins.currentSystem;
  };

  readJson = file: fromJSON (readFile (/. + file));
  given =
    if flake == null then
      import (/. + catalogue)
    else
      (import ./call-flake.nix (readJson flake)).pushlessCatalogue
        or (throw "catalogue: the flake has no output pushlessCatalogue");
  entries = if isFunction given then given (intersectAttrs (functionArgs given) libraries) else given;

  checkEntry =
    name: version: entry:
    if entry._type or null == "catalogueEntry" then
      entry
    else
      refuse "catalogue" ''${name}."${version}"'' entry "what catalogueEntry returns";
  checkVersions =
    name: versions:
    if isAttrs versions && versions._type or null == null then
      mapAttrs (checkEntry name) versions
    else
      refuse "catalogue" name versions "an attribute set of versions";
  checked =
    if isAttrs entries then
      mapAttrs checkVersions entries
    else
      refuse "catalogue" "the file" entries "a function or an attribute set of entries";

  # Only what JSON can have.
  describe = entry: {
    inherit (entry)
      description
      schema
      defaults
      presets
      ;
  };

  evaluate =
    {
      name,
      version,
      values,
    }:
    let
      made = checked.${name}.${version}.manifests values;
    in
    if isAttrs made && made.type or null == "derivation" then
      {
        derivation = made.drvPath;
        storePath = made.outPath;
      }
    else
      refuse "catalogue" ''manifests of ${name}."${version}"'' made
        "a derivation, such as `list` and `mkManifests` return";
in
if request == null then
  mapAttrs (_: mapAttrs (_: describe)) checked
else
  evaluate (readJson request)
