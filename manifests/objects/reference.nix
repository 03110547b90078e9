# One object that names another: by its name, or by the object itself, so that both have the same name.
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
