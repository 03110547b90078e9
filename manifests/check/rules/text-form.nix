/**
  Tells whether a text has one of the forms of ../schema/rules.json: names, paths, addresses.
*/
let
  inherit (builtins) match stringLength;

  # Regular expressions exhaust the stack on longer texts, as in src/kubernetes/check/rules/text-form.ts.
  longest = 2048;
in
{
  # an extended regular expression for the whole text
  pattern,
  # an expression that the text must not match
  not ? null,
  # greatest number of characters
  max ? null,
  # name of the form in a message
  expected,
}:
text:
stringLength text > longest && max == null
||
  (max == null || stringLength text <= max)
  && match pattern text != null
  && (not == null || match not text == null)
