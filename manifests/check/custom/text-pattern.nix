# Small questions that the formats ask about a text.
let
  inherit (builtins)
    filter
    isString
    match
    split
    ;
in
{
  # A digit of a hexadecimal number.
  hex = "[0-9a-fA-F]";

  # Tells whether a whole text matches an extended regular expression.
  matches = pattern: text: match pattern text != null;

  # Splits a text at each match of an expression: splitAt "[.]" "a.b" -> [ "a" "b" ]
  splitAt = separator: text: filter isString (split separator text);
}
