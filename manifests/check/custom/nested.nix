# Schemas inside allOf, anyOf, oneOf and not. They may only add conditions to the schema outside.
# src/kubernetes/check/custom/check-nested.ts does the same.
let
  inherit (builtins)
    concatLists
    concatMap
    elem
    elemAt
    filter
    genList
    isAttrs
    length
    ;
  inherit (import ../problem.nix)
    fieldPath
    isWrong
    itemPath
    when
    ;
  inherit (import ./schema.nix) listOf;
  inherit (import ./keywords.nix)
    checkKeywords
    either
    open
    partsOf
    whole
    ;

  # Keywords that describe how a value is built. They must be outside of alternatives.
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

  isAbsent =
    value:
    elem value [
      null
      false
      ""
      [ ]
    ];

in
rec {
  # The two types of a whole number or a string may be in its anyOf.
  isEither =
    schema:
    schema.anyOf or null == [
      { type = "integer"; }
      { type = "string"; }
    ];

  /**
    Checks the parts of alternatives.

    - structure: the schema around them, to which they may only add conditions; null where the server doesn't compare
      them
    - skipsAny: whether anyOf may have types
    - isOuter: whether the first schema of allOf may have the types of its anyOf
  */
  checkNestedParts =
    {
      structure,
      skipsAny,
      isOuter,
    }:
    nested: path:
    concatMap
      (
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
      )
      [
        "allOf"
        "anyOf"
        "oneOf"
      ]
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
}
