# Checks a custom resource against its CustomResourceDefinition (structural schemas, apiextensions v1), as the API
# server checks it with strict fields. src/kubernetes/check/custom does the same in TypeScript, except for patterns
# (pattern.nix) and formats (formats.nix) that Nix can't decide. The server alone checks rules in CEL.
let
  inherit (builtins)
    any
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
    isList
    isString
    length
    map
    toJSON
    ;
  inherit (import ../problem.nix)
    fieldPath
    isMissing
    isUnknown
    isWrong
    itemPath
    ;
  inherit (import ./embedded.nix) checkEmbedded implied;
  inherit (import ./limits.nix)
    isNumber
    isSmall
    isWhole
    limitExpected
    truncate
    ;
  inherit (import ./schema.nix) listOf ofField;
  checkList = import ./list.nix;
  fillDefaults = import ./defaults.nix;
  formats = import ./formats.nix;
  isObject = import ../../../nix/is-plain-set.nix;
  number = import ../../../nix/number.nix;

  isText = value: isString value || (isAttrs value && value ? outPath);
  isLost = value: isFloat value && !number.isKept value;

  types = {
    string = {
      holds = isText;
      expected = "a string";
    };
    integer = {
      holds = isWhole;
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
  either = {
    holds = value: isWhole value || isText value;
    expected = "a whole number or a string";
  };

  # The type is null where the schema has none. The server then accepts a default of any type.
  typeOf =
    isDefault: schema:
    if !isDefault && schema.x-kubernetes-int-or-string or false then
      either
    else
      types.${toString (schema.type or "")} or null;

  # With a format, the server accepts texts and lists for every type except numbers. Without a type, it accepts
  # nothing else.
  isOfType =
    isDefault: schema: type: value:
    let
      isOfNumbers =
        (!isDefault && schema.x-kubernetes-int-or-string or false)
        || elem (schema.type or "") [
          "integer"
          "number"
        ];
      hasFormat = if isDefault then schema.format or "" != "" else formats.of schema != null;
    in
    (type != null && type.holds value)
    || (if hasFormat then !isOfNumbers && (isText value || isList value) else type == null);

  # Compares values as Go does: a fraction counts as its whole part.
  isWord =
    value: word:
    value != null
    && (value == word || (isFloat value && isNumber word && isSmall value && truncate value == word));

  typeExpected =
    schema: type: if type != null then type.expected else (formats.of schema).expected or "a string";

  check =
    # - checkMetadata: path -> value -> list of problems
    # - isStructural: whether the schema says which fields exist; schemas of allOf and the like only add conditions
    # - isDoubted: whether a value is refused that only the server can decide about
    # - isDefault: whether the value is a default of the schema, which the server checks less
    walk: schema: path: value:
    let
      type = typeOf walk.isDefault schema;
      words = schema.enum or null;
    in
    if isLost value then
      isWrong path value (number.expected value)
    else if value == null && type != null && !schema.nullable or false then
      isWrong path value type.expected
    else if value != null && !isOfType walk.isDefault schema type value then
      isWrong path value (typeExpected schema type)
    else if isList words && words != [ ] && !any (isWord value) words then
      isWrong path value "one of ${concatStringsSep ", " (map toJSON words)}"
    else if value == null then
      [ ]
    else
      checkLimits walk schema path value
      ++ checkParts walk schema path value
      ++ checkAlternatives walk schema path value;

  checkLimits =
    walk: schema: path: value:
    let
      expected = limitExpected walk.isDoubted schema value;
    in
    if expected == null then [ ] else isWrong path value expected;

  checkParts =
    walk: schema: path: value:
    if isObject value then
      checkFields walk schema path value
    else if isList value then
      concatLists (
        genList (
          index:
          let
            place = itemPath path index;
            one = elemAt value index;
          in
          if isAttrs (schema.items or null) then
            check walk schema.items place one
          else if !walk.isStructural || schema.x-kubernetes-preserve-unknown-fields or false then
            [ ]
          else
            checkShallow place one
        ) (length value)
      )
      ++ (if walk.isStructural && !walk.isDefault then checkList schema path value else [ ])
    else
      [ ];

  checkFields =
    walk: schema: path: value:
    let
      properties = schema.properties or { };
      isOpen = !walk.isStructural || schema.x-kubernetes-preserve-unknown-fields or false;
      isShallow = walk.isStructural && schema.additionalProperties or null == true;
      isEmbedded = walk.isStructural && schema.x-kubernetes-embedded-resource or false;
      isImplied = key: (path == "" || isEmbedded) && elem key implied;
      checkField =
        key:
        let
          own = ofField schema key;
          place = fieldPath path key;
        in
        if own != null then
          check (if isImplied key then walk // { isStructural = false; } else walk) own place value.${key}
        else if isImplied key then
          [ ]
        else if isShallow then
          checkShallow place value.${key}
        else if isOpen then
          [ ]
        else
          isUnknown place key (attrNames properties);
    in
    concatMap checkField (attrNames value)
    ++ (if isEmbedded then checkEmbedded walk.checkMetadata path value else [ ])
    ++ concatMap (
      key: isMissing (fieldPath path key) (typeOf false (properties.${key} or { })).expected or "a value"
    ) (filter (key: !(value ? ${key})) (schema.required or [ ]));

  # A value without a schema of its own has no fields, for example below `additionalProperties: true`.
  checkShallow =
    path: value:
    if isObject value then
      concatMap (key: isUnknown (fieldPath path key) key [ ]) (attrNames value)
    else if isList value then
      concatLists (
        genList (index: checkShallow (itemPath path index) (elemAt value index)) (length value)
      )
    else
      [ ];

  # allOf, anyOf, oneOf and not
  checkAlternatives =
    walk: schema: path: value:
    let
      inner = walk // {
        isStructural = false;
      };
      # A value that only the server can decide about may be valid or not. These are the two possible answers.
      isSure = one: check (inner // { isDoubted = true; }) one path value == [ ];
      isPossible = one: check (inner // { isDoubted = false; }) one path value == [ ];
      holds = if walk.isDoubted then isSure else isPossible;
      isExcluded = if walk.isDoubted then isPossible else isSure;
      anyOf = listOf schema "anyOf";
      oneOf = listOf schema "oneOf";
      atLeast = length (filter holds oneOf);
      tooMany = length (filter isExcluded oneOf);
    in
    concatMap (one: check inner one path value) (listOf schema "allOf")
    ++ (
      if anyOf == [ ] || any holds anyOf then
        [ ]
      else
        isWrong path value "a match of anyOf${listed anyOf}"
    )
    ++ (
      if oneOf == [ ] || (atLeast > 0 && tooMany < 2) then
        [ ]
      else
        isWrong path value
          "one match of oneOf${listed oneOf}, not ${if atLeast == 0 then "none" else toString tooMany}"
    )
    ++ (
      if isAttrs (schema.not or null) && isExcluded schema.not then
        isWrong path value "no match of not${listed [ schema.not ]}"
      else
        [ ]
    );

  # The fields that each schema requires, where the schemas have no other keyword.
  listed =
    schemas:
    if any (schema: attrNames schema != [ "required" ]) schemas then
      ""
    else
      " (${concatStringsSep ", or " (map (schema: concatStringsSep " and " schema.required) schemas)})";
in
{
  /**
    Returns the problems of a value: checkMetadata -> JSON Schema -> path -> value -> list of problems.
  */
  checkCustom =
    checkMetadata: schema: path: value:
    check {
      inherit checkMetadata;
      isStructural = true;
      isDoubted = false;
      isDefault = false;
    } schema path (fillDefaults schema value);

  /**
    Checks a default against its own schema, without filling in further defaults. The server checks its metadata.
  */
  checkDefault = check {
    checkMetadata = _: _: [ ];
    isStructural = true;
    isDoubted = false;
    isDefault = true;
  };
}
