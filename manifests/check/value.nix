# Whether a value is what Kubernetes takes for a type, strictly: a field that Kubernetes doesn't know is wrong, since the
# API server would drop it without a word. The types are those of ../schema, described in scripts/kubernetes-schema.ts.
#
# This runs for every field of every object at each evaluation: a problem's text is made only where there is one.
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
    isBool
    isFloat
    isInt
    isList
    isPath
    isString
    length
    match
    toJSON
    ;
  inherit (import ./problem.nix)
    fieldPath
    isMissing
    isWrong
    itemPath
    ;
  inherit (import ../../nix/store-path.nix) inStore;
  nearest = import ./nearest.nix;
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

  # resource.ParseQuantity
  isQuantity =
    value:
    isNumber value
    || (
      isString value
      && match "[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?" value
      != null
    );
  isTime =
    value:
    isString value
    && match "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})" value
    != null;
  isBase64 =
    value: isString value && match "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?" value != null;

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
      expected = "a whole number";
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
# definitions -> type -> path -> value -> list of problems, each one line
definitions:
let
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
          checkObject definitions.${type} path value
      )
    else if type ? items then
      checkList type path value
    else if type ? enum then
      (
        if elem value type.enum then
          [ ]
        else
          isWrong path value "one of ${concatStringsSep ", " (map toJSON type.enum)}"
      )
    else if !isObject value then
      isWrong path value "an object"
    else
      concatMap (key: check type.additionalProperties (fieldPath path key) value.${key}) (attrNames value);

  checkObject =
    {
      properties ? { },
      required ? [ ],
    }:
    path: value:
    if !isObject value then
      isWrong path value "an object"
    else
      concatMap (
        key:
        if (key == "image" || key == "reference") && isStorePath value.${key} then
          isWrong (fieldPath path key) value.${key} "a reference: imageRef { image = ...; }"
        else if properties ? ${key} then
          check properties.${key} (fieldPath path key) value.${key}
        else
          isUnknown properties path key
      ) (attrNames value)
      ++ concatMap (
        key: if value.${key} or null == null then isMissing (fieldPath path key) (describe properties.${key}) else [ ]
      ) required;

  isUnknown =
    properties: path: key:
    let
      known = attrNames properties;
      meant = nearest key known;
    in
    [
      (
        "${fieldPath path key} is unknown, "
        + (if meant != null then "did you mean ${meant}?" else "expected one of ${concatStringsSep ", " known}")
      )
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
          check type.items (itemPath path (nameOf type index item)) item
        ) (length value)
      )
      ++ (if type ? keys || type ? unique then checkUnique type path value else [ ]);

  # An item by its name, where it has one.
  nameOf =
    type: index: item:
    let
      key = type.mergeKey or (if type ? keys then builtins.head type.keys else null);
    in
    if key != null && isAttrs item && isString (item.${key} or null) then item.${key} else index;

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
      keys = concatStringsSep " and " (type.keys or [ "value" ]);
    in
    if length value < 2 || twice == [ ] then
      [ ]
    else
      [ "${itemPath path (nameOf type index (elemAt value index))} is there twice, expected each ${keys} once" ];

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
check
