# Checks `x-kubernetes-list-type` of a schema: the items of its lists must have what tells them apart.
# src/kubernetes/check/custom/check-list-type.ts does the same.
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    groupBy
    isAttrs
    isList
    length
    ;
  inherit (import ../problem.nix)
    fieldPath
    isMissing
    isWrong
    when
    ;

  checkKey =
    items: path: key:
    let
      own = (items.properties or { }).${key} or null;
      place = fieldPath "${path}.items.properties" key;
    in
    if !isAttrs own then
      isMissing place "a schema, since ${key} tells the items apart"
    else
      when (elem (own.type or null) [
        "array"
        "object"
      ]) (isWrong "${place}.type" own.type "a type of single values")
      ++ when (own.nullable or false) (isWrong "${place}.nullable" true "false in a key")
      ++ when (!elem key (items.required or [ ]) && own.default or null == null) (
        isMissing "${place}.default" "a default, or ${key} among what is required"
      );

  checkMap =
    keys: items: path:
    if keys == [ ] then
      isMissing "${path}.x-kubernetes-list-map-keys" "names of fields that tell its items apart"
    else if items.type or null != "object" then
      isWrong "${path}.items.type" (items.type or null) ''"object"''
    else
      concatMap (checkKey items path) keys
      ++ when (length (attrNames (groupBy (key: key) keys)) != length keys) (
        isWrong "${path}.x-kubernetes-list-map-keys" keys "each name once"
      );

  checkSet =
    items: path:
    let
      type = items.type or null;
      listType = items.x-kubernetes-list-type or "atomic";
      mapType = items.x-kubernetes-map-type or null;
      place = "${path}.items.x-kubernetes-map-type";
    in
    if type == "array" && listType != "atomic" then
      isWrong "${path}.items.x-kubernetes-list-type" listType ''"atomic" in a set''
    else if type != "object" || mapType == "atomic" then
      [ ]
    else if mapType == null then
      isMissing place ''"atomic" in a set''
    else
      isWrong place mapType ''"atomic" in a set'';
in
/**
  Returns a list of problems.
*/
schema: path:
let
  type = schema.x-kubernetes-list-type or null;
  place = "${path}.x-kubernetes-list-type";
  given = schema.x-kubernetes-list-map-keys or null;
  keys = if isList given then given else [ ];
  items = schema.items or null;
in
if keys != [ ] && type != "map" then
  (if type == null then isMissing place ''"map"'' else isWrong place type ''"map"'')
else if type == null then
  [ ]
else if
  !elem type [
    "atomic"
    "map"
    "set"
  ]
then
  isWrong place type ''one of "atomic", "map", "set"''
else if schema.type or null != "array" then
  isWrong place type "none, since its type is no array"
else if type == "atomic" || !isAttrs items then
  [ ]
else
  when (items.nullable or false) (
    isWrong "${path}.items.nullable" true "false in a list that is a map or set"
  )
  ++ (if type == "map" then checkMap keys items path else checkSet items path)
