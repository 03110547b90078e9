# Whether a schema is one that the API server takes in a CustomResourceDefinition: structural, with defaults that it takes
# itself (apiextensions, schema/validation.go and schema/defaulting). Rules in CEL are the server's. The same as
# src/kubernetes/check/custom/check-schema.ts.
let
  inherit (builtins)
    all
    attrNames
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    genList
    isAttrs
    isList
    isString
    length
    map
    match
    ;
  inherit (import ../problem.nix)
    fieldPath
    isMissing
    isWrong
    itemPath
    ;
  inherit (import ./schema.nix) listOf;
  checkListType = import ./list-type.nix;

  open = "x-kubernetes-preserve-unknown-fields";
  either = "x-kubernetes-int-or-string";
  whole = "x-kubernetes-embedded-resource";
  types = [
    "array"
    "boolean"
    "integer"
    "number"
    "object"
    "string"
  ];
  aType = "one of ${concatStringsSep ", " (map builtins.toJSON types)}";
  unknown = [
    "$ref"
    "additionalItems"
    "definitions"
    "dependencies"
    "id"
    "patternProperties"
  ];
  # What says how a value is built, and so stands outside of alternatives.
  structural = [
    "additionalProperties"
    "default"
    "description"
    "nullable"
    "title"
    "type"
    whole
    either
    "x-kubernetes-list-map-keys"
    "x-kubernetes-list-type"
    "x-kubernetes-map-type"
    open
    "x-kubernetes-validations"
  ];
  outside = "none within allOf, anyOf, oneOf and not";

  when = condition: problems: if condition then problems else [ ];
  is = keyword: schema: schema.${keyword} or null == true;
  isEmpty = value: elem value [ null "" { } ];
  isAbsent = value: elem value [ null false "" [ ] ];

  # Well-known mistakes, where no class of characters may hold them.
  isNoPattern =
    pattern: match "(.*[^\\])?([(][?](=|!|<=|<!)|\\\\[1-9]).*" pattern != null && match "[^[]*" pattern != null;

  # What is checked of alternatives, too.
  checkKeywords =
    schema: path:
    let
      has = key: schema ? ${key} && !isEmpty schema.${key};
      pattern = schema.pattern or null;
    in
    concatMap (key: isWrong (fieldPath path key) schema.${key} "none: the API server refuses it") (filter has unknown)
    ++ when (isList (schema.items or null)) (isWrong "${path}.items" schema.items "a single schema")
    ++ when (isString pattern && isNoPattern pattern) (
      isWrong "${path}.pattern" pattern "an expression of Go, which looks neither ahead nor back"
    )
    ++ when (is "uniqueItems" schema) (isWrong "${path}.uniqueItems" true "false, or x-kubernetes-list-type: set")
    ++ when (is either schema) (
      concatMap (key: isWrong "${path}.${key}" true "none beside ${either}") (
        filter (key: is key schema) [ open whole ]
      )
    )
    ++ checkMapType schema path
    ++ when (schema.${open} or null == false) (isWrong "${path}.${open}" false "true or none");

  checkMapType =
    schema: path:
    let
      type = schema.x-kubernetes-map-type or null;
      place = "${path}.x-kubernetes-map-type";
    in
    if type == null then
      [ ]
    else if !elem type [ "atomic" "granular" ] then
      isWrong place type ''one of "atomic", "granular"''
    else
      when (schema.type or null != "object") (isWrong place type "none, since its type is no object");

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
    && all (key: elem key [ "type" "default" "properties" ]) (attrNames metadata)
    && all (key: elem key [ "name" "generateName" ]) (attrNames (metadata.properties or { }));

  # What every object has that is whole.
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
      ++ concatMap (
        key: when (typeOf key != "string") (isWrong "${place key}.type" (typeOf key) ''"string"'')
      ) [ "apiVersion" "kind" ]
      ++ when (level == "root" && isAttrs (properties.metadata or null) && !isName properties.metadata) (
        isWrong (place "metadata") properties.metadata "type: object, with no more than name and generateName among its properties"
      )
    );

  # Schemas of what is in a value: { key; part; path; isField; }
  partsOf =
    schema: path:
    map (key: {
      inherit key;
      part = schema.${key};
      path = "${path}.${key}";
      isField = false;
    }) (filter (key: isAttrs (schema.${key} or null)) [ "additionalProperties" "items" ])
    ++ map (key: {
      inherit key;
      part = schema.properties.${key};
      path = fieldPath "${path}.properties" key;
      isField = true;
    }) (filter (key: isAttrs schema.properties.${key}) (attrNames (if isAttrs (schema.properties or null) then schema.properties else { })));

  # The two types of a whole number or a string may stand in its anyOf.
  isEither = schema: schema.anyOf or null == [ { type = "integer"; } { type = "string"; } ];

  # structure: the schema around the alternatives, of which these may only say more; null where the server doesn't
  # compare them. skipsAny: whether anyOf may say types, and isOuter: whether that of the first of allOf may.
  checkNestedParts =
    {
      structure,
      skipsAny,
      isOuter,
    }:
    nested: path:
    concatMap (
      keyword:
      let
        list = listOf nested keyword;
        checkAt =
          index:
          let
            one = elemAt list index;
          in
          checkNested {
            inherit structure;
            skipsAny = isOuter && keyword == "allOf" && index == 0 && isEither one;
          } one (itemPath "${path}.${keyword}" index);
      in
      if skipsAny && keyword == "anyOf" then [ ] else concatLists (genList checkAt (length list))
    ) [ "allOf" "anyOf" "oneOf" ]
    ++ when (isAttrs (nested.not or null)) (
      checkNested {
        inherit structure;
        skipsAny = false;
      } nested.not "${path}.not"
    );

  checkNested =
    { structure, skipsAny }:
    nested: path:
    checkKeywords nested path
    ++ concatMap (key: isWrong (fieldPath path key) nested.${key} outside) (
      filter (
        key: if key == "default" then nested.default or null != null else !isAbsent (nested.${key} or null)
      ) structural
    )
    ++ concatMap (checkNestedPart structure) (partsOf (nested // { additionalProperties = null; }) path)
    ++ checkNestedParts {
      inherit structure skipsAny;
      isOuter = false;
    } nested path;

  checkNestedPart =
    structure:
    {
      key,
      part,
      path,
      isField,
    }:
    let
      around = if isField then structure.properties or { } else structure;
      counterpart = if structure == null then null else around.${key} or null;
    in
    if isField && key == "metadata" then
      isWrong path part outside
    else if structure != null && !isAttrs counterpart then
      isWrong path part "nothing about what is described nowhere else"
    else
      checkNested {
        structure = counterpart;
        skipsAny = false;
      } part path;

  # Where a schema is: "root", "metadata" at the root, "free" within additionalProperties, where the server doesn't look at
  # defaults, or "field".
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
    ++ when (level == "root" && is "nullable" schema) (isWrong "${path}.nullable" true "false at the root")
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
