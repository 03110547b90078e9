# JSON for people: two spaces of indentation, and a line for each field. It keeps the string context, as `toJSON`
# does.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    isList
    map
    toJSON
    ;
  isJSONObject = import ../../nix/is-json-object.nix;

  block =
    indent: open: close: items:
    "${open}\n${indent}  ${concatStringsSep ",\n${indent}  " items}\n${indent}${close}";

  write =
    indent: value:
    if isJSONObject value && value != { } then
      block indent "{" "}" (
        map (key: "${toJSON key}: ${write "${indent}  " value.${key}}") (attrNames value)
      )
    else if isList value && value != [ ] then
      block indent "[" "]" (map (write "${indent}  ") value)
    else
      toJSON value;
in
/**
  Returns the text of a value, with a newline at its end.
*/
value: "${write "" value}\n"
