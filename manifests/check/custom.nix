# Whether a custom resource is what its CustomResourceDefinition says (structural schemas, apiextensions v1), as strictly
# as Kubernetes' own kinds: a field that isn't described would be dropped. Not checked, since they need more than a look
# at the value: patterns (Nix's regular expressions are others), formats and CEL rules.
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    genList
    isAttrs
    isBool
    isFloat
    isInt
    isList
    isString
    length
    stringLength
    toJSON
    ;
  inherit (import ./problem.nix)
    fieldPath
    isMissing
    isWrong
    itemPath
    ;
  nearest = import ./nearest.nix;
  number = import ../../nix/number.nix;

  isObject = value: isAttrs value && !(value ? outPath);
  isNumber = value: isInt value || isFloat value;
  isLost = value: isFloat value && !number.isKept value;

  types = {
    string = {
      holds = value: isString value || (isAttrs value && value ? outPath);
      expected = "a string";
    };
    integer = {
      holds = isInt;
      expected = "a whole number";
    };
    number = {
      holds = isNumber;
      expected = "a number";
    };
    boolean = {
      holds = isBool;
      expected = "true or false";
    };
    object = {
      holds = isObject;
      expected = "an object";
    };
    array = {
      holds = isList;
      expected = "a list";
    };
  };

  # Limits of JSON Schema: what is measured, of which values, and how the limit is called.
  measures = [
    {
      of = isNumber;
      by = value: value;
      least = "minimum";
      most = "maximum";
      what = "a number";
    }
    {
      of = isString;
      by = stringLength;
      least = "minLength";
      most = "maxLength";
      what = "a length";
    }
    {
      of = isList;
      by = length;
      least = "minItems";
      most = "maxItems";
      what = "a number of items";
    }
    {
      of = isObject;
      by = value: length (attrNames value);
      least = "minProperties";
      most = "maxProperties";
      what = "a number of fields";
    }
  ];

  checkMeasures =
    schema: path: value:
    concatMap (
      {
        of,
        by,
        least,
        most,
        what,
      }:
      if !of value then
        [ ]
      else if schema ? ${least} && by value < schema.${least} then
        isWrong path value "${what} from ${toJSON schema.${least}} on"
      else if schema ? ${most} && by value > schema.${most} then
        isWrong path value "${what} up to ${toJSON schema.${most}}"
      else
        [ ]
    ) measures;

  # JSON Schema -> path -> value -> list of problems
  check =
    schema: path: value:
    let
      type = schema.type or null;
    in
    if value == null then
      [ ]
    else if isLost value then
      isWrong path value (number.expected value)
    else if schema.x-kubernetes-int-or-string or false then
      (if isInt value || isString value then [ ] else isWrong path value "a whole number or a string")
    else if types ? ${toString type} && !types.${type}.holds value then
      isWrong path value types.${type}.expected
    else if schema ? enum && !elem value schema.enum then
      isWrong path value "one of ${concatStringsSep ", " (map toJSON schema.enum)}"
    else
      checkMeasures schema path value
      ++ (
        if isObject value then
          checkFields schema path value
        else if isList value && schema ? items then
          concatLists (
            genList (index: check schema.items (itemPath path index) (elemAt value index)) (length value)
          )
        else
          [ ]
      );

  checkFields =
    schema: path: value:
    let
      properties = schema.properties or { };
      other = schema.additionalProperties or null;
      isOpen = schema.x-kubernetes-preserve-unknown-fields or false || other == true;
      # Every object that is embedded whole has these.
      isImplied =
        key:
        (path == "" || schema.x-kubernetes-embedded-resource or false)
        && elem key [
          "apiVersion"
          "kind"
          "metadata"
        ];
      meant = key: nearest key (attrNames properties);
    in
    concatMap (
      key:
      if isImplied key then
        [ ]
      else if properties ? ${key} then
        check properties.${key} (fieldPath path key) value.${key}
      else if isAttrs other then
        check other (fieldPath path key) value.${key}
      else if isOpen then
        [ ]
      else
        [
          (
            "${fieldPath path key} is unknown, "
            + (
              if meant key != null then
                "did you mean ${meant key}?"
              else if properties == { } then
                "expected no fields"
              else
                "expected one of ${concatStringsSep ", " (attrNames properties)}"
            )
          )
        ]
    ) (attrNames value)
    ++ concatMap (
      key:
      if value.${key} or null == null then
        isMissing (fieldPath path key) (types.${properties.${key}.type or ""}.expected or "a value")
      else
        [ ]
    ) (schema.required or [ ]);
in
check
