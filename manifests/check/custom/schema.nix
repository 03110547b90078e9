# Parts of the schema in a CustomResourceDefinition (apiextensions v1). Each part may be missing.
let
  inherit (builtins) isAttrs isList filter;
in
{
  /**
    Returns the schema of a field: its own, or the one that all other fields share. It is null where there is none.
  */
  ofField =
    schema: key:
    let
      found = (schema.properties or { }).${key} or (schema.additionalProperties or null);
    in
    if isAttrs found then found else null;

  /**
    Returns the schemas of a keyword such as `anyOf`.
  */
  listOf =
    schema: keyword:
    let
      found = schema.${keyword} or null;
    in
    if isList found then filter isAttrs found else [ ];
}
