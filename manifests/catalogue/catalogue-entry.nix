/**
  Returns one version of one entry of a catalogue: its schema for values, and the function that makes manifests of them.
  A catalogue is an attribute set of names, each with its versions:

      { pushless }: {
        web."1.0.0" = pushless.catalogueEntry { ... };
      }

  `pushless catalogue` and the operator check values against the schema before Nix sees them. They evaluate
  `manifests` in a process that is limited: ./command.nix.

  # Type

      catalogueEntry :: { description; manifests; schema ? { }; defaults ? { }; presets ? { }; } -> entry
*/
let
  inherit (builtins)
    attrNames
    isAttrs
    isFunction
    isString
    match
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  isPlainSet = import ../../nix/is-plain-set.nix;

  builder = "catalogueEntry";
  expectedName = "a name of a-z, 0-9 and -, beginning with a letter";

  checkSet =
    field: given:
    if isPlainSet given then given else refuse builder field given "an attribute set of values";
  checkPreset =
    presets: name:
    if match "[a-z]([a-z0-9-]*[a-z0-9])?" name == null then
      refuse builder "the name of a preset" name expectedName
    else
      checkSet "presets.${name}" presets.${name};
in
{
  # one line that says what it is
  description,
  # values -> derivation of Kubernetes objects, as list, mkManifests, fromScript or helmChart make it
  manifests,
  # schema of the values, as a CustomResourceDefinition has it
  schema ? {
    type = "object";
  },
  # values beside those of the schema, which who asks for the entry may replace
  defaults ? { },
  # values by names, which are built ahead of time
  presets ? { },
}:
{
  _type = "catalogueEntry";
  description =
    if isString description && match "[^\n]+" description != null then
      description
    else
      refuse builder "description" description "one line of text";
  schema =
    if isAttrs schema && schema.type or null == "object" then
      schema
    else
      refuse builder "schema" schema ''a schema of type "object"'';
  defaults = checkSet "defaults" defaults;
  presets =
    let
      checked = checkSet "presets" presets;
    in
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = checkPreset checked name;
      }) (attrNames checked)
    );
  manifests =
    if isFunction manifests then
      manifests
    else
      refuse builder "manifests" manifests "a function from values to the derivation of manifests";
}
