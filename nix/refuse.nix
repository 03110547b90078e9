# One line for every refusal of this library: which builder refuses, which argument, what was given, what is expected.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    isAttrs
    isFunction
    isList
    isPath
    stringLength
    substring
    toJSON
    ;

  # A value in a few words, on one line. Never forces more of it than it must: lists and sets may hold whole builds.
  show =
    value:
    if isFunction value then
      "a function"
    else if isList value then
      "a list"
    else if isAttrs value then
      (if value.type or null == "derivation" then "a derivation" else "an attribute set")
    else if isPath value then
      toString value
    else
      let
        text = toJSON value;
      in
      if stringLength text > 120 then "${substring 0 120 text}..." else text;

  refuse =
    # who refuses: "image"
    builder:
    # the argument, as the caller wrote it: `files."/etc/passwd"`
    field:
    # the value that was given
    given:
    # what would have been right
    expected:
    throw "${builder}: ${field} is ${show given}, expected ${expected}";

  # `given` itself, when it has no attribute that isn't in the list `known`.
  onlyKnown =
    builder: field: known: given:
    let
      unknown = filter (key: !(builtins.elem key known)) (attrNames given);
    in
    if unknown == [ ] then
      given
    else
      throw (
        "${builder}: ${field} ${concatStringsSep ", " (map toJSON unknown)} unknown, there are: "
        + "${concatStringsSep ", " known}"
      );
in
{
  inherit show refuse onlyKnown;
}
