# Attribute sets in place of Kubernetes' lists whose items have a name (`patchMergeKey`). A name then occurs once, and
# parts from two places are joined by name. Lists still work, where the order counts.
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
  /**
    Converts an attribute set to a list, sorted by name: { a = x; } -> [ (toItem "field.a" "a" x) ]. A list keeps its
    order.
  */
  namedList =
    {
      # the field that names the items: "name", "mountPath"
      key ? "name",
      # builder: field: name: value -> the item, with its name
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
