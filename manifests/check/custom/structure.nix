# Checks whether the API server accepts a schema in a CustomResourceDefinition. The schema must be structural, and its
# defaults must fit it (apiextensions, schema/validation.go and schema/defaulting). The server alone checks rules in
# CEL. src/kubernetes/check/custom/check-schema.ts does the same.
let
  inherit (builtins)
    all
    attrNames
    concatMap
    concatStringsSep
    elem
    isAttrs
    isString
    map
    ;
  inherit (import ../problem.nix)
    fieldPath
    isMissing
    isWrong
    when
    ;
  inherit (import ./keywords.nix)
    checkKeywords
    either
    is
    isEmpty
    open
    partsOf
    whole
    ;
  inherit (import ./nested.nix) checkNestedParts isEither;
  checkListType = import ./list-type.nix;

  types = [
    "array"
    "boolean"
    "integer"
    "number"
    "object"
    "string"
  ];
  aType = "one of ${concatStringsSep ", " (map builtins.toJSON types)}";
  checkType =
    level: schema: path:
    let
      given = schema.type or null;
      type = if given == null then "" else given;
      place = "${path}.type";
    in
    if type == "" then
      when (!is either schema && !(is open schema && !is whole schema)) (isMissing place aType)
    else if isString type && !elem type types then
      isWrong place type aType
    else if (level == "root" || is whole schema) && type != "object" then
      isWrong place type ''"object"''
    else
      when (type == "array" && schema.items or null == null) (isMissing "${path}.items" "a schema");

  checkAdditional =
    level: schema: path:
    let
      additional = schema.additionalProperties or null;
      place = "${path}.additionalProperties";
    in
    if additional == null then
      [ ]
    else if level == "root" then
      isWrong place additional "none at the root"
    else if is whole schema then
      isWrong place additional "none in an embedded resource"
    else
      when (additional != true && !isEmpty (schema.properties or null)) (
        isWrong place additional "none beside properties"
      );

  isName =
    metadata:
    metadata.type or null == "object"
    && all (
      key:
      elem key [
        "type"
        "default"
        "properties"
      ]
    ) (attrNames metadata)
    && all (
      key:
      elem key [
        "name"
        "generateName"
      ]
    ) (attrNames (metadata.properties or { }));

  # The fields that every whole object has.
  checkImplied =
    level: schema: path:
    let
      given = schema.properties or null;
      properties = if isAttrs given then given else { };
      typeOf = key: (properties.${key} or { }).type or "string";
      place = fieldPath "${path}.properties";
    in
    when (level == "root" || is whole schema) (
      when (is whole schema && !is open schema && properties == { }) (
        isMissing "${path}.properties" "schemas of its fields, or ${open}"
      )
      ++
        concatMap
          (key: when (typeOf key != "string") (isWrong "${place key}.type" (typeOf key) ''"string"''))
          [
            "apiVersion"
            "kind"
          ]
      ++ when (level == "root" && isAttrs (properties.metadata or null) && !isName properties.metadata) (
        isWrong (place "metadata") properties.metadata
          "type: object, with no more than name and generateName among its properties"
      )
    );

  # The place of a schema: "root", "metadata" at the root, "field", or "free" within additionalProperties, where the
  # server doesn't check defaults.
  levelOf =
    around:
    { key, isField, ... }:
    if around == "free" || (!isField && key == "additionalProperties") then
      "free"
    else if around == "root" && key == "metadata" then
      "metadata"
    else
      "field";
in
# checkDefault: JSON Schema -> path -> value -> list of problems
checkDefault:
let
  check =
    level: schema: path:
    checkKeywords schema path
    ++ checkType level schema path
    ++ when (level == "root" && is "nullable" schema) (
      isWrong "${path}.nullable" true "false at the root"
    )
    ++ checkAdditional level schema path
    ++ checkImplied level schema path
    ++ checkListType schema path
    ++ when (schema.default or null != null && level != "metadata" && level != "free") (
      checkDefault schema "${path}.default" schema.default
    )
    ++ concatMap (one: check (levelOf level one) one.part one.path) (partsOf schema path)
    ++ checkNestedParts {
      structure = if level == "root" then schema else null;
      skipsAny = isEither schema;
      isOuter = true;
    } schema path;
in
check "root"
