# Finds the places in a value that the path of a rule means. A spot is { path; value; type; }. Its value is null where
# the place is missing. src/kubernetes/check/rules/rule-places.ts does the same.
let
  inherit (builtins)
    attrNames
    concatMap
    elemAt
    filter
    foldl'
    genList
    isAttrs
    isList
    isString
    length
    map
    match
    replaceStrings
    split
    ;
  inherit (import ../problem.nix) fieldPath itemPath;

  isObject = import ../../../nix/is-plain-set.nix;
  parts = separator: text: filter isString (split separator text);
in
rec {
  # "containers|initContainers/[]/name" -> [ [ "containers" "initContainers" ] [ "[]" ] [ "name" ] ]
  stepsOf =
    path:
    if path == "" then
      [ ]
    else
      map (step: map (replaceStrings [ "~1" ] [ "/" ]) (parts "[|]" step)) (parts "/" path);

  # Tells whether Go treats the value as absent.
  isEmpty = value: value == null || value == "" || value == [ ] || value == { };

  # The value that Go reads for a null in a list.
  absentItem =
    type:
    if isAttrs type && type ? enum then
      ""
    else if isString type && match ".*\\..*" type != null then
      { }
    else if type == "string" then
      ""
    else
      null;

  # The name of a list's item in a message: the value of its key, or its index.
  itemName =
    type: index: item:
    let
      key =
        if !isAttrs type then null else type.mergeKey or (if type ? keys then elemAt type.keys 0 else null);
    in
    if key != null && isAttrs item && isString (item.${key} or null) then item.${key} else index;

  # value -> steps of a path of single fields -> the value at that path, or null
  valueAt =
    value:
    foldl' (found: names: if isObject found then found.${elemAt names 0} or null else null) value;

  placeAt = path: foldl' (place: names: fieldPath place (elemAt names 0)) path;

  # definitions -> spot -> steps -> spots
  spotsAt =
    definitions:
    let
      fieldType =
        type: name:
        if isString type then
          definitions.${type}.properties.${name} or "any"
        else
          type.additionalProperties or "any";

      step =
        {
          path,
          value,
          type,
        }:
        name:
        if name != "[]" then
          (
            if isObject value then
              [
                {
                  path = fieldPath path name;
                  value = value.${name} or null;
                  type = fieldType type name;
                }
              ]
            else
              [ ]
          )
        else if isList value then
          let
            items = if isAttrs type then type.items or "any" else "any";
          in
          genList (
            index:
            let
              item = elemAt value index;
            in
            {
              path = itemPath path (itemName type index item);
              value = if item == null then absentItem items else item;
              type = items;
            }
          ) (length value)
        else if isObject value then
          map (key: {
            path = fieldPath path key;
            value = value.${key};
            type = fieldType type key;
          }) (attrNames value)
        else
          [ ];
    in
    spot: foldl' (spots: names: concatMap (one: concatMap (step one) names) spots) [ spot ];
}
