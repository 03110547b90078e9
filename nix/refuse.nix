# Every refusal of this library is one line: the builder, the argument, the value that was given, and what is
# expected.
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

  /**
    Shows a value in a few words, on one line. It evaluates as little as it can: lists and sets may hold whole builds.
  */
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

  /**
    Refuses a value of an argument, with one line that says what is expected.
  */
  refuse =
    # the builder that refuses: "image"
    builder:
    # the argument, as the caller wrote it: `files."/etc/passwd"`
    field:
    # the value that was given
    given:
    # what is right instead
    expected:
    throw "${builder}: ${field} is ${show given}, expected ${expected}";

  /**
    Returns `given`, or refuses it where it has an attribute that isn't in the list `known`.
  */
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
