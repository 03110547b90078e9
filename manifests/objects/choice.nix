# Fields that accept a few words only. Kubernetes' schemas don't list the words, so without this check only the API
# server would find a typing error.
let
  inherit (builtins)
    concatStringsSep
    elem
    isAttrs
    isString
    map
    mapAttrs
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse;
in
rec {
  /**
    Refuses an object where another kind was expected.
  */
  refuseKind =
    builder: field: value: expected:
    if isAttrs value && isString (value.kind or null) then
      throw "${builder}: ${field} is a ${value.kind}, expected ${expected}"
    else
      refuse builder field value expected;

  choice =
    builder: field: words: value:
    if elem value words then
      value
    else
      refuse builder field value (concatStringsSep " or " (map toJSON words));

  /**
    Checks all fields of a set that are in a table: { type = [ "ClusterIP" "NodePort" ]; }
  */
  choices =
    builder: table: fields:
    mapAttrs (
      key: value: if table ? ${key} then choice builder key table.${key} value else value
    ) fields;
}
