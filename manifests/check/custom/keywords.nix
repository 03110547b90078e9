# Keywords that are checked in every schema, also in alternatives, and the schemas inside a schema.
# src/kubernetes/check/custom/schema-keywords.ts does the same.
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    isAttrs
    isList
    isString
    map
    match
    ;
  inherit (import ../problem.nix) fieldPath isWrong when;
in
rec {
  open = "x-kubernetes-preserve-unknown-fields";
  either = "x-kubernetes-int-or-string";
  whole = "x-kubernetes-embedded-resource";
  unknown = [
    "$ref"
    "additionalItems"
    "definitions"
    "dependencies"
    "id"
    "patternProperties"
  ];

  is = keyword: schema: schema.${keyword} or null == true;
  isEmpty =
    value:
    elem value [
      null
      ""
      { }
    ];

  # Finds well-known mistakes in patterns, where no class of characters may contain them.
  isNoPattern =
    pattern:
    match "(.*[^\\])?([(][?](=|!|<=|<!)|\\\\[1-9]).*" pattern != null && match "[^[]*" pattern != null;

  checkKeywords =
    schema: path:
    let
      has = key: schema ? ${key} && !isEmpty schema.${key};
      pattern = schema.pattern or null;
    in
    concatMap (key: isWrong (fieldPath path key) schema.${key} "none: the API server refuses it") (
      filter has unknown
    )
    ++ when (isList (schema.items or null)) (isWrong "${path}.items" schema.items "a single schema")
    ++ when (isString pattern && isNoPattern pattern) (
      isWrong "${path}.pattern" pattern "an expression of Go, which looks neither ahead nor back"
    )
    ++ when (is "uniqueItems" schema) (
      isWrong "${path}.uniqueItems" true "false, or x-kubernetes-list-type: set"
    )
    ++ when (is either schema) (
      concatMap (key: isWrong "${path}.${key}" true "none beside ${either}") (
        filter (key: is key schema) [
          open
          whole
        ]
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
    else if
      !elem type [
        "atomic"
        "granular"
      ]
    then
      isWrong place type ''one of "atomic", "granular"''
    else
      when (schema.type or null != "object") (isWrong place type "none, since its type is no object");

  /**
    Returns the schemas of the parts of a value: { key; part; path; isField; }.
  */
  partsOf =
    schema: path:
    map
      (key: {
        inherit key;
        part = schema.${key};
        path = "${path}.${key}";
        isField = false;
      })
      (
        filter (key: isAttrs (schema.${key} or null)) [
          "additionalProperties"
          "items"
        ]
      )
    ++
      map
        (key: {
          inherit key;
          part = schema.properties.${key};
          path = fieldPath "${path}.properties" key;
          isField = true;
        })
        (
          filter (key: isAttrs schema.properties.${key}) (
            attrNames (if isAttrs (schema.properties or null) then schema.properties else { })
          )
        );
}
