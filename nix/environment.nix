# Environment variables, for images and for containers of a Pod.
let
  inherit (builtins)
    attrNames
    elemAt
    isAttrs
    isBool
    isFloat
    isInt
    isString
    match
    toJSON
    ;
  inherit (import ./refuse.nix) refuse;
  inherit (import ./store-path.nix) toText;
  number = import ./number.nix;
in
rec {
  isName = name: match "[^=]+" name != null;

  checkName =
    builder: field: name:
    if isName name then
      name
    else
      refuse builder "a name in ${field}" name "one that isn't empty and has no `=`";

  /**
    Returns the text of a variable's value. A number keeps all its digits, a boolean becomes true or false, and a path
    or a derivation becomes its store path.
  */
  toValue =
    builder: field: value:
    let
      text = toText builder field value;
    in
    if isBool value then
      toJSON value
    else if isInt value || isFloat value then
      number.toText builder field value
    else if text == null then
      refuse builder field value "a string, a number, a boolean, a path or a derivation"
    else
      "${text}";

  /**
    Converts variables to Kubernetes' list, sorted by name.

    # Example

        toPairs "pod" "env" { B = "x"; A = 1; } => [ { name = "A"; value = "1"; } { name = "B"; value = "x"; } ]
  */
  toPairs =
    builder: field: env:
    if !isAttrs env then
      refuse builder field env "an attribute set, variable name to value"
    else
      map (name: {
        name = checkName builder field name;
        value = toValue builder "${field}.${toJSON name}" env.${name};
      }) (attrNames env);

  /**
    Returns the name in an assignment.

    # Example

        nameOf "A=x=y" => "A"
  */
  nameOf =
    builder: field: assignment:
    let
      parts = if isString assignment then match "([^=]+)=.*" assignment else null;
    in
    if parts == null then refuse builder field assignment ''a string "NAME=value"'' else elemAt parts 0;
}
