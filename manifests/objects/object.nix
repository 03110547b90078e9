/**
  Returns an object of any kind, for custom resources and for kinds that have no builder here.
*/
let
  inherit (builtins)
    isString
    match
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ./metadata.nix) named toMetadata withoutNames;
  inherit (import ./name.nix) checkPathSegment;

  who = args: named "object" args;

  isApiVersion =
    text:
    isString text
    && match "([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?v[0-9]+((alpha|beta)[0-9]+)?" text != null;
  isKind = text: isString text && match "[A-Z][A-Za-z0-9]*" text != null;

  object =
    {
      # "v1", "apps/v1", "example.org/v1beta1"
      apiVersion ? throw "${who args}: apiVersion is missing",
      # "Pod"
      kind ? throw "${who args}: kind is missing",
      # name, namespace, labels, annotations, metadata; and all other fields of the object, unchanged
      ...
    }@args:
    let
      builder = who args;
    in
    {
      apiVersion =
        if isApiVersion apiVersion then
          apiVersion
        else
          refuse builder "apiVersion" apiVersion
            ''a version with its group, such as "v1" or "example.org/v1"'';
      kind = if isKind kind then kind else refuse builder "kind" kind ''a kind, such as "Widget"'';
      metadata = toMetadata {
        inherit builder;
        checkName = checkPathSegment;
      } args;
    }
    // removeAttrs (withoutNames args) [
      "apiVersion"
      "kind"
    ];
in
object
