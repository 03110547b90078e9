/**
  Returns a custom resource as the API server checks it: without the nulls that its schema forbids, and with defaults
  (apiextensions, schema/defaulting). The indexes of lists don't change.
*/
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    isAttrs
    isList
    listToAttrs
    map
    ;
  inherit (import ./schema.nix) ofField;
  isObject = import ../../../nix/is-plain-set.nix;

  isNullable = schema: schema.nullable or false;

  # JSON Schema, or null -> value -> value
  fill =
    schema: value:
    if schema == null then
      value
    else if isList value then
      (if isAttrs (schema.items or null) then map (fillItem schema.items) value else value)
    else if isObject value then
      fillFields schema value
    else
      value;

  fillItem =
    schema: one:
    fill schema (if one == null && !isNullable schema then schema.default or null else one);

  fillFields =
    schema: fields:
    let
      properties = schema.properties or { };
      absent = filter (key: !(fields ? ${key}) && properties.${key}.default or null != null) (
        attrNames properties
      );
    in
    listToAttrs (
      concatMap (
        key:
        let
          own = ofField schema key;
          one = fields.${key};
          isReplaced = one == null && own != null && !isNullable own;
          found = if isReplaced then own.default or null else one;
        in
        if isReplaced && found == null then
          [ ]
        else
          [
            {
              name = key;
              value = fill own found;
            }
          ]
      ) (attrNames fields)
      ++ map (key: {
        name = key;
        value = fill properties.${key} properties.${key}.default;
      }) absent
    );
in
fill
