# Whether a text has one of the forms of ../schema/rules.json: names, paths, addresses.
let
  inherit (builtins) match stringLength;

  # Regular expressions of longer texts exhaust the stack; as in src/kubernetes/check/rules/text-form.ts.
  longest = 2048;
in
{
  # an extended regular expression for the whole text
  pattern,
  # one that the text must not match
  not ? null,
  # characters
  max ? null,
  # how a message calls it
  expected,
}:
text:
stringLength text > longest && max == null
||
  (max == null || stringLength text <= max)
  && match pattern text != null
  && (not == null || match not text == null)
