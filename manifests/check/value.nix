# Checks a value against a type of Kubernetes, strictly. A field that Kubernetes doesn't know is wrong, since the API
# server would drop it without a message. The types are those of ../schema, described in scripts/kubernetes-schema.ts.
#
# This runs for every field of every object at each evaluation, so the text of a problem is made only where there is
# one.
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    genList
    isAttrs
    isFloat
    isList
    isPath
    isString
    length
    map
    toJSON
    ;
  inherit (import ./problem.nix)
    fieldPath
    isEmpty
    isMissing
    isUnknown
    isWrong
    problem
    itemPath
    ;
  inherit (import ../../nix/store-path.nix) inStore;
  inherit (import ./rules/rule-places.nix) absentItem itemName;
  isObject = import ../../nix/is-plain-set.nix;
  scalars = import ./scalars.nix;
  makeRules = import ./rules/check-rules.nix;
  number = import ../../nix/number.nix;

  # An image in the form of Nix, which kubelet can't pull.
  isStorePath =
    value: isPath value || (isAttrs value && value ? outPath) || (isString value && inStore value);
in
/**
  Returns a list of problems: the schema with its rules -> type -> path -> value -> problems.
*/
{ definitions, rules }:
let
  inherit (makeRules { inherit definitions rules; }) checkRules checkName;

  check =
    type: path: value:
    if value == null then
      [ ]
    else if isString type then
      (
        if scalars ? ${type} then
          (
            if scalars.${type}.holds value then
              [ ]
            else
              isWrong path value (
                if isFloat value && !number.isKept value then number.expected value else scalars.${type}.expected
              )
          )
        else
          checkFields type path value ++ checkRules type path value
      )
    else if type ? items then
      checkList type path value
    else if type ? enum then
      (
        # For an empty text, the server fills in its default.
        if value == "" || elem value type.enum then
          [ ]
        else
          isWrong path value "one of ${concatStringsSep ", " (map toJSON type.enum)}"
      )
    else if !isObject value then
      isWrong path value "an object"
    else
      concatMap (key: check type.additionalProperties (fieldPath path key) value.${key}) (
        attrNames value
      );

  checkFields =
    type: path: value:
    let
      properties = definitions.${type}.properties or { };
      required = definitions.${type}.required or [ ];
      optional = rules.optional.${type} or [ ];
      lenient = rules.lenient.${type} or [ ];
      asWarning = one: if one.isRule or false then one // { isWarning = true; } else one;
    in
    if !isObject value then
      isWrong path value "an object"
    else
      concatMap (
        key:
        if (key == "image" || key == "reference") && isStorePath value.${key} then
          isWrong (fieldPath path key) value.${key} "a reference: imageRef { image = ...; }"
        else if !properties ? ${key} then
          isUnknown (fieldPath path key) key (attrNames properties)
        else if elem key lenient then
          map asWarning (check properties.${key} (fieldPath path key) value.${key})
        else
          check properties.${key} (fieldPath path key) value.${key}
      ) (attrNames value)
      ++ concatMap (
        key:
        if elem key optional then
          [ ]
        else
          map (one: one // { isRule = true; }) (
            checkRequired properties.${key} (fieldPath path key) (value.${key} or null)
          )
      ) required;

  # Go can't tell an empty text or list from a missing one.
  checkRequired =
    type: path: value:
    if value == null then
      isMissing path (describe type)
    else if value == "" || value == [ ] then
      isEmpty path (describe type)
    else
      [ ];

  checkList =
    type: path: value:
    if !isList value then
      isWrong path value "a list"
    else
      concatLists (
        genList (
          index:
          let
            item = elemAt value index;
          in
          checkItem type.items (itemPath path (itemName type index item)) (
            if item == null then absentItem type.items else item
          )
        ) (length value)
      )
      ++ (if type ? keys || type ? unique then checkUnique type path value else [ ]);

  checkItem =
    type: path: value:
    # In a list, an empty text gets no default.
    if value == "" && isAttrs type && type ? enum then
      isWrong path value (describe type)
    else
      check type path value;

  # It is a warning, since only server-side apply tells the items apart by these keys.
  checkUnique =
    type: path: value:
    let
      identity =
        item:
        if type ? keys && isAttrs item then
          toJSON (map (key: item.${key} or (defaults.${key} or null)) type.keys)
        else
          toJSON item;
      items = map identity value;
      twice = filter (index: elem (elemAt items index) (genList (elemAt items) index)) (
        genList (index: index) (length items)
      );
      index = builtins.head twice;
      place = itemPath path (itemName type index (elemAt value index));
      keys = concatStringsSep " and " (type.keys or [ "value" ]);
    in
    if length value < 2 || twice == [ ] then
      [ ]
    else
      map (one: one // { isWarning = true; }) (
        problem place "${place} is there twice, expected each ${keys} once"
      );

  # The defaults of keys by which the items of lists are told apart.
  defaults.protocol = "TCP";

  describe =
    type:
    if isString type then
      (scalars.${type}.expected or "an object")
    else if type ? items then
      "a list"
    else if type ? enum then
      "one of ${concatStringsSep ", " (map toJSON type.enum)}"
    else
      "an object";
in
{
  inherit check checkName;
}
