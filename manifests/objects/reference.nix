/**
  Returns the name of another object. It may be given as the name, or as the object itself, so that both always agree.
*/
let
  inherit (builtins) isAttrs;
  inherit (import ./choice.nix) refuseKind;
  inherit (import ./name.nix) checkSubdomain;
in
# kind: builder: field: value -> name
kind: builder: field: value:
if isAttrs value && value.kind or null == kind && value ? metadata.name then
  value.metadata.name
else if isAttrs value then
  refuseKind builder field value "the name of a ${kind}, or a ${kind} that this library made"
else
  checkSubdomain builder field value
