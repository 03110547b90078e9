# Attribute sets where Kubernetes has lists whose items it tells apart by one of their fields (`patchMergeKey`): so that
# each name is there once, and what is joined from two places is joined by name. Lists stay, where the order counts.
let
  inherit (builtins)
    attrNames
    head
    isList
    map
    toJSON
    ;
  repeated = import ../../nix/repeated.nix;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;

in
{
  # { a = x; } -> [ (toItem "field.a" "a" x) ], sorted by name; [ { name = "a"; ... } ] -> the same, in its order.
  namedList =
    {
      # the field that tells items apart: "name", "mountPath"
      key ? "name",
      # builder: field: name: value -> the item, with its key
      toItem,
    }:
    builder: field: given:
    let
      keyIn =
        item:
        if isPlainSet item && item ? ${key} then
          item.${key}
        else
          refuse builder "an item of ${field}" item "an attribute set with `${key}` in it";
      keys = map keyIn given;
      twice = repeated keys;
    in
    if isPlainSet given then
      map (name: toItem builder "${field}.${name}" name given.${name}) (attrNames given)
    else if !isList given then
      refuse builder field given "an attribute set by ${key}, or Kubernetes' list"
    else if twice != [ ] then
      throw "${builder}: ${field} has ${toJSON (head twice)} twice"
    else
      map (item: toItem builder "${field}.${toString item.${key}}" item.${key} item) given;
}
