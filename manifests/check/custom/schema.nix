# Parts of the schema of a CustomResourceDefinition (apiextensions v1), of which any may be missing.
let
  inherit (builtins) isAttrs isList filter;
in
{
  # The schema of a field: its own, or the one that all other fields share; null where there is none.
  ofField =
    schema: key:
    let
      found = (schema.properties or { }).${key} or (schema.additionalProperties or null);
    in
    if isAttrs found then found else null;

  # The schemas of a keyword such as `anyOf`.
  listOf =
    schema: keyword:
    let
      found = schema.${keyword} or null;
    in
    if isList found then filter isAttrs found else [ ];
}
