# Whether a value is what Kubernetes takes for a type, strictly: a field that Kubernetes doesn't know is wrong, since the
# API server would drop it without a word. The types are those of ../schema, described in scripts/kubernetes-schema.ts.
#
# This runs for every field of every object at each evaluation: a problem's text is made only where there is one.
let
  inherit (builtins)
    attrNames
    bitAnd
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    genList
    isAttrs
    isBool
    isFloat
    isInt
    isList
    isPath
    isString
    length
    map
    match
    replaceStrings
    split
    stringLength
    substring
    toJSON
    ;
  inherit (import ./problem.nix)
    fieldPath
    isEmpty
    isMissing
    isWrong
    itemPath
    ;
  inherit (import ../../nix/store-path.nix) inStore;
  inherit (import ./rule-places.nix) absentItem itemName;
  nearest = import ./nearest.nix;
  quantityOf = import ./quantity.nix;
  makeRules = import ./rules.nix;
  number = import ../../nix/number.nix;

  # What JSON has as a string.
  isText = value: isString value || isPath value || (isAttrs value && value ? outPath);
  isObject = value: isAttrs value && !(value ? outPath);
  # An image as Nix has it, which kubelet can't pull.
  isStorePath = value: isPath value || (isAttrs value && value ? outPath) || (isString value && inStore value);
  isWhole = value: isInt value;
  # What Nix writes is the number that was given.
  isNumber = value: isInt value || (isFloat value && number.isKept value);
  maxInt32 = 2147483647;

  isQuantity = value: isNumber value || (isString value && quantityOf value != null);
  isTime =
    value:
    isString value
    && match "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})" value
    != null;
  # Go's decoder skips the ends of lines. Not by a regular expression, which exhausts the stack for a large Secret.
  base64Letters = filter (letter: isString letter && letter != "") (
    split "" "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  );
  isBase64 =
    value:
    let
      text = replaceStrings [ "\n" "\r" ] [ "" "" ] value;
      size = stringLength text;
      end = substring (size - 2) 2 text;
      padding = if end == "==" then 2 else if substring (size - 1) 1 text == "=" then 1 else 0;
      others = replaceStrings base64Letters (map (_: "") base64Letters) (substring 0 (size - padding) text);
    in
    isString value && (size == 0 || (bitAnd size 3 == 0 && others == ""));

  scalars = {
    string = {
      holds = isText;
      expected = "a string";
    };
    boolean = {
      holds = isBool;
      expected = "true or false";
    };
    number = {
      holds = isNumber;
      expected = "a number";
    };
    int32 = {
      holds = value: isWhole value && value <= maxInt32 && value >= -maxInt32 - 1;
      expected = "a whole number of 32 bits";
    };
    int64 = {
      holds = isWhole;
      expected = "a whole number of 64 bits";
    };
    byte = {
      holds = isBase64;
      expected = "a string in Base64 (text goes into stringData)";
    };
    time = {
      holds = isTime;
      expected = ''a time as in RFC 3339, such as "2026-01-31T12:00:00Z"'';
    };
    quantity = {
      holds = isQuantity;
      expected = ''a quantity, such as "500m" or "64Mi"'';
    };
    intOrString = {
      holds = value: isWhole value || isText value;
      expected = "a whole number or a string";
    };
    object = {
      holds = isObject;
      expected = "an object";
    };
    any = {
      holds = _: true;
      expected = "anything";
    };
  };
in
# schema, with its rules -> type -> path -> value -> list of problems
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
        # The server fills in its default for an empty text.
        if value == "" || elem value type.enum then
          [ ]
        else
          isWrong path value "one of ${concatStringsSep ", " (map toJSON type.enum)}"
      )
    else if !isObject value then
      isWrong path value "an object"
    else
      concatMap (key: check type.additionalProperties (fieldPath path key) value.${key}) (attrNames value);

  checkFields =
    type: path: value:
    let
      properties = definitions.${type}.properties or { };
      required = definitions.${type}.required or [ ];
      optional = rules.optional.${type} or [ ];
      lenient = rules.lenient.${type} or [ ];
      asWarning = problem: if problem.isRule or false then problem // { isWarning = true; } else problem;
    in
    if !isObject value then
      isWrong path value "an object"
    else
      concatMap (
        key:
        if (key == "image" || key == "reference") && isStorePath value.${key} then
          isWrong (fieldPath path key) value.${key} "a reference: imageRef { image = ...; }"
        else if !properties ? ${key} then
          isUnknown properties path key
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
          map (problem: problem // { isRule = true; }) (
            checkRequired properties.${key} (fieldPath path key) (value.${key} or null)
          )
      ) required;

  # For Go, an empty text or list is the same as none.
  checkRequired =
    type: path: value:
    if value == null then
      isMissing path (describe type)
    else if value == "" || value == [ ] then
      isEmpty path (describe type)
    else
      [ ];

  isUnknown =
    properties: path: key:
    let
      known = attrNames properties;
      meant = nearest key known;
      hint =
        if meant != null then
          "did you mean ${meant}?"
        else if known == [ ] then
          "expected no fields"
        else
          "expected one of ${concatStringsSep ", " known}";
    in
    [
      {
        path = fieldPath path key;
        message = "${fieldPath path key} is unknown, ${hint}";
      }
    ];

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
    # A list has no default for an empty text.
    if value == "" && isAttrs type && type ? enum then
      isWrong path value (describe type)
    else
      check type path value;

  # Only server-side apply tells the items apart by these keys, so that it is a warning.
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
      twice = filter (index: elem (elemAt items index) (genList (elemAt items) index)) (genList (index: index) (length items));
      index = builtins.head twice;
      place = itemPath path (itemName type index (elemAt value index));
      keys = concatStringsSep " and " (type.keys or [ "value" ]);
    in
    if length value < 2 || twice == [ ] then
      [ ]
    else
      [
        {
          path = place;
          message = "${place} is there twice, expected each ${keys} once";
          isWarning = true;
        }
      ];

  # Of keys by which lists are told apart.
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
